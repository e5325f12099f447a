"""Folds of long conversations kept in memory, so that a new fact does not reread all others."""

from dataclasses import dataclass
from uuid import UUID

from cachetools import FIFOCache

from sla.clocks.domain.clocks import Clock, Owner
from sla.clocks.domain.conversations import Conversation, ConversationKey
from sla.clocks.domain.fold import Fold

LONG = 50
"""The number of facts from which a fold is kept; fewer take only a few milliseconds to fold."""
MAX_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Kept:
    ledger: UUID | None
    revision: int | None
    owner: Owner
    fold: Fold


class Folds:
    """At most ``MAX_KEPT`` folds; dropping the least recently used costs one complete fold.

    A fold is extended only from the exact set of facts that it has read. The name of that set (the
    ledger) is written in the transaction that adds to it, so facts that were rolled back, or that
    another process added, are never mistaken for facts read here.
    """

    def __init__(self) -> None:
        self._kept: FIFOCache[ConversationKey, _Kept] = FIFOCache(MAX_KEPT)

    def extend(self, conversation: Conversation) -> tuple[Clock, ...] | None:
        """Read the new facts; return the clocks they may have changed, None to fold all facts."""
        kept = self._kept.pop(conversation.key, None)
        before = (conversation.previous_ledger, conversation.revision, conversation.owner)
        if kept is None or (kept.ledger, kept.revision, kept.owner) != before:
            return None
        changed = kept.fold.extend(conversation.new_facts)
        if changed is not None:
            self.keep(conversation, kept.fold)
        return changed

    def keep(self, conversation: Conversation, fold: Fold) -> None:
        """Keep a fold of all facts that the conversation has now."""
        kept = _Kept(conversation.ledger, conversation.revision, conversation.owner, fold)
        self._kept[conversation.key] = kept
