"""Project identity's events into our copy of customers: which ids are one customer, and who it is.

The number of statements depends on the kinds of events in a batch, not on their number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from interactions.context.domain.aliases import Merge, plan_aliases
from interactions.context.domain.profiles import Entry, Profile, ProfileChange, fold
from interactions.context.store import aliases as alias_store
from interactions.context.store import known_identifiers, profiles
from interactions.context.store.keys import Key
from interactions.context.store.known_identifiers import KnownIdentifier
from interactions.history import key_of_identity


@dataclass(frozen=True, slots=True)
class CustomerEvent:
    """One event about a customer: a change of its profile, a merge, or both."""

    tenant_id: str
    customer_id: UUID
    recorded_at: datetime
    change: ProfileChange | None = None
    merge: Merge | None = None

    @property
    def key(self) -> Key:
        return self.tenant_id, self.customer_id


async def project_customers(
    tx: Transaction, events: Sequence[CustomerEvent], *, now: datetime
) -> list[bool]:
    """Apply a batch; repeated, old or reordered events leave the same copy behind.

    Returns for each event whether it applied; false means that a newer version was there already.
    """
    await _project_aliases(tx, events)
    before, after = await _project_profiles(tx, events, now=now)
    gone, present = _key_changes(events, before, after)
    if gone:
        await known_identifiers.delete_known_identifiers(tx, gone)
    if present:
        await known_identifiers.save_known_identifiers(tx, present)
    return [event.merge is not None or _is_newer(event, before) for event in events]


async def _project_aliases(tx: Transaction, events: Sequence[CustomerEvent]) -> None:
    """Apply the merges to the aliases; without merges, make sure that each id has a row."""
    merging = sorted({event.tenant_id for event in events if event.merge is not None})
    if not merging:
        await alias_store.insert_aliases(tx, sorted({event.key for event in events}))
        return
    await alias_store.lock_aliases(tx, merging)
    mentioned = {event.key for event in events} | {
        (event.tenant_id, customer_id)
        for event in events
        if event.merge
        for customer_id in event.merge.ids()
    }
    stored = await alias_store.list_aliases(tx, sorted(mentioned))
    moves: dict[Key, UUID] = {}
    rows: dict[Key, UUID] = {}
    for tenant_id in sorted({event.tenant_id for event in events}):
        plan = plan_aliases(
            {key[1]: canonical_id for key, canonical_id in stored.items() if key[0] == tenant_id},
            [event.merge for event in events if event.merge and event.tenant_id == tenant_id],
            mentioned=[key[1] for key in mentioned if key[0] == tenant_id],
        )
        moves |= {(tenant_id, former): target for former, target in plan.moves.items()}
        rows |= {(tenant_id, mentioned_id): target for mentioned_id, target in plan.rows.items()}
    await alias_store.save_aliases(tx, moves=moves, rows=rows)


async def _project_profiles(
    tx: Transaction, events: Sequence[CustomerEvent], *, now: datetime
) -> tuple[dict[Key, Profile], dict[Key, Profile]]:
    """Fold the changes into the profiles; return those concerned, as before and as after."""
    changes: dict[Key, list[ProfileChange]] = {}
    for event in events:
        if event.change is not None:
            changes.setdefault(event.key, []).append(event.change)
    if not changes:
        return {}, {}
    stored = await profiles.lock_profiles(tx, sorted(changes))
    before = {key: stored.get(key, Profile()) for key in changes}
    after = {key: fold(before[key], of_customer) for key, of_customer in changes.items()}
    changed = {key: profile for key, profile in after.items() if profile != before[key]}
    if changed:
        await profiles.save_profiles(tx, changed, now=now)
    return before, after


def _is_newer(event: CustomerEvent, before: Mapping[Key, Profile]) -> bool:
    return event.change is not None and event.change.version > before[event.key].version


def _key_changes(
    events: Sequence[CustomerEvent], before: Mapping[Key, Profile], after: Mapping[Key, Profile]
) -> tuple[list[KnownIdentifier], list[KnownIdentifier]]:
    """Return the keys that no longer lead to a customer, and those that do from now on."""
    asserted = {(e.key, e.change.version): e.recorded_at for e in events if e.change}
    latest = {event.key: event.recorded_at for event in events}
    gone: list[KnownIdentifier] = []
    present: list[KnownIdentifier] = []
    for key in sorted(after):
        had, has = set(before[key].live()), set(after[key].live())
        kept = {entry.identifier.key for entry in has}
        gone += _known(key, (e for e in had - has if e.identifier.key not in kept), latest[key])
        for entry in has - had:
            at = asserted.get((key, entry.version), latest[key])
            present += _known(key, [entry], at)
    return gone, present


def _known(
    customer: Key, entries: Iterable[Entry], asserted_at: datetime
) -> Iterator[KnownIdentifier]:
    """Yield the keys of identifiers; one of another version of the normaliser is left out."""
    for entry in entries:
        identifier = entry.identifier
        key = key_of_identity(identifier.type, identifier.scope, identifier.value)
        if key is not None:
            yield KnownIdentifier(*customer[:1], *key, customer[1], identifier.level, asserted_at)
