"""Folds of long conversations kept in memory, so that a new fact costs no look-up of the others."""

from dataclasses import dataclass
from uuid import UUID

from cachetools import FIFOCache

from sla.clocks.domain.checkpoints.checkpoint import SPACING
from sla.clocks.domain.conversations import Conversation, ConversationKey
from sla.clocks.domain.fold import Fold, Refolded

LONG = 50
"""The number of facts from which a fold is kept; fewer take only a few milliseconds to fold."""
MAX_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class _Kept:
    ledger: UUID | None
    revision: int | None
    fold: Fold
    unsaved: int


class Folds:
    """At most ``MAX_KEPT`` folds; a dropped one goes on from what is stored of it.

    A fold is extended only from the exact set of facts that it has read. The name of that set (the
    ledger) is written in the transaction that adds to it, so facts that were rolled back, or that
    another process added, are never mistaken for facts read here.
    """

    def __init__(self) -> None:
        self._kept: FIFOCache[ConversationKey, _Kept] = FIFOCache(MAX_KEPT)

    def extend(self, conversation: Conversation) -> Refolded | None:
        """Read the new facts; return the clocks that they may have changed.

        None when the stored fold must be consulted: a fact is late or comes out of sequence, or so
        many have been read since the last checkpoint that it is time for another.
        """
        kept = self._kept.pop(conversation.key, None)
        before = (conversation.previous_ledger, conversation.revision)
        if kept is None or (kept.ledger, kept.revision) != before:
            return None
        new, fold = conversation.new_facts, kept.fold
        if SPACING.is_reached(new, after=fold.end.sequence, unsaved=kept.unsaved):
            return None
        if not fold.still_opens(new, conversation.attributes):
            return None
        refolded = fold.extend(new)
        if refolded is not None:
            self.keep(conversation, fold, unsaved=kept.unsaved + len(new))
        return refolded

    def keep(self, conversation: Conversation, fold: Fold, *, unsaved: int) -> None:
        """Keep a fold of all facts that the conversation has now.

        ``unsaved`` of them are not in the stored fold.
        """
        fold.forget()
        kept = _Kept(conversation.ledger, conversation.revision, fold, unsaved)
        self._kept[conversation.key] = kept
