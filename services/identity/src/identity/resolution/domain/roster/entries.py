"""The identifiers of a roster that were put into quarantine."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from identifiers import IdentifierKey
from identity.resolution.domain.graph.quarantine import Quarantined
from identity.resolution.domain.roster.pending import PendingWrites


class Entries:
    """The quarantined identifiers by key; ``pending`` collects every change."""

    def __init__(self, entries: Iterable[Quarantined], pending: PendingWrites) -> None:
        self._entries = {entry.key: entry for entry in entries}
        self._pending = pending

    @property
    def released(self) -> frozenset[IdentifierKey]:
        """The identifiers that a person took out of quarantine for good."""
        return frozenset(key for key, entry in self._entries.items() if entry.is_released)

    def get(self, key: IdentifierKey) -> Quarantined | None:
        """Return the entry of an identifier that was put into quarantine."""
        return self._entries.get(key)

    def add(self, entry: Quarantined) -> None:
        """Put an identifier into quarantine, which its customer has no more."""
        self._put(entry)
        self._pending.recovered.discard(entry.key)

    def recover(self, key: IdentifierKey) -> None:
        """Take an identifier out of quarantine because somebody verified it."""
        entry = self._entries.get(key)
        if entry is not None and not entry.is_released:
            del self._entries[key]
            self._pending.quarantined.pop(key, None)
            self._pending.recovered.add(key)

    def release(self, key: IdentifierKey, *, now: datetime) -> None:
        """Take an identifier out of quarantine for good, because a person decided so."""
        self.add(replace(self._entries[key], released_at=now))

    def revoke_release(self, key: IdentifierKey) -> None:
        """Let the evidence decide again whether too many share an identifier."""
        entry = self._entries.get(key)
        if entry is not None and entry.is_released:
            self._put(replace(entry, released_at=None))

    def _put(self, entry: Quarantined) -> None:
        self._entries[entry.key] = entry
        self._pending.quarantined[entry.key] = entry
