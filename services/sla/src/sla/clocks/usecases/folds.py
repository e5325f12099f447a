"""Folds of long conversations, kept so that one more fact is not a thousand read again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cachetools import FIFOCache

from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.fold import Fold
from sla.clocks.store.clock_rows import Owner
from sla.clocks.store.conversations import Conversation, ConversationKey

LONG = 50
"""From this many facts on a fold is kept; fewer are folded anew in a few milliseconds."""
MAX_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Kept:
    ledger: UUID | None
    revision: int | None
    owner: Owner
    fold: Fold


class Folds:
    """The least recently used are forgotten, which costs one fold anew.

    A fold goes on only from the very set of facts that it has read. That set's name is written in
    the transaction that adds to it, so what was rolled back, or done by another process, is never
    taken for what was read here.
    """

    def __init__(self) -> None:
        self._kept: FIFOCache[ConversationKey, _Kept] = FIFOCache(MAX_KEPT)

    def go_on(self, conversation: Conversation, owner: Owner) -> tuple[Clock, ...] | None:
        """Read what is new; return the clocks that may have changed, None when all must be read."""
        kept = self._kept.pop(conversation.key, None)
        before = (conversation.ledger_before, conversation.revision, owner)
        if kept is None or (kept.ledger, kept.revision, kept.owner) != before:
            return None
        changed = kept.fold.go_on(conversation.news)
        if changed is not None:
            self.keep(conversation, owner, kept.fold)
        return changed

    def keep(self, conversation: Conversation, owner: Owner, fold: Fold) -> None:
        """Remember a fold of all facts that the conversation has now."""
        kept = _Kept(conversation.ledger, conversation.revision, owner, fold)
        self._kept[conversation.key] = kept
