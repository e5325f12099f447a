"""Go on with the folds of long conversations, from their checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.db import Transaction
from sla.clocks.domain.checkpoints.checkpoint import SPACING, Checkpoint, Spacing, checkpoints_of
from sla.clocks.domain.checkpoints.heads import Head, Uncovered, head_of
from sla.clocks.domain.conversations import Conversation, ConversationKey
from sla.clocks.domain.facts import BEGINNING, Fact, FactKind, in_order
from sla.clocks.domain.fold import Fold, Folded, Refolded, opened
from sla.clocks.memory import LONG, Folds
from sla.clocks.store import checkpoints, conversations
from sla.clocks.store.checkpoints import Checkpoints, StoredFold
from sla.clocks.usecases.candidates import find_candidates
from sla.clocks.usecases.continuation import Continuation, continue_fold
from sla.rules.domain.conditions import Attributes
from sla.rules.domain.policy import Ruleset
from sla.rules.memory import Rulesets


@dataclass(slots=True)
class Saved:
    """What to save of folds at the end of a batch."""

    folds: list[StoredFold] = field(default_factory=list)
    rewritten: dict[ConversationKey, list[Checkpoint]] = field(default_factory=dict)
    restated: dict[ConversationKey, list[Checkpoint]] = field(default_factory=dict)

    async def save(self, tx: Transaction) -> None:
        await checkpoints.save_folds(tx, self.folds)
        await checkpoints.save_checkpoints(tx, self.rewritten)
        await checkpoints.save_states(tx, self.restated)


@dataclass(frozen=True, slots=True)
class Continued:
    """A conversation whose fold went on, and the clocks that this may have changed."""

    conversation: Conversation
    refolded: Sequence[Refolded]


@dataclass(frozen=True, slots=True)
class NewFold:
    """What to store of a long conversation that had to be read from its beginning.

    ``fold`` is None if no policy covers it.
    """

    head: str
    sequence: int
    fold: Fold | None = None
    checkpoints: Sequence[Checkpoint] = ()


class LongConversations:
    """Reads new facts into stored folds, in one transaction."""

    def __init__(self, tx: Transaction, rulesets: Rulesets, folds: Folds) -> None:
        self._tx = tx
        self._rulesets = rulesets
        self._folds = folds
        self._saved = Saved()

    async def go_on(
        self, batch: Sequence[Conversation]
    ) -> tuple[list[Continued], list[Conversation]]:
        """Return the conversations whose folds went on, and those whose facts must all be read."""
        # A conversation has at most as many facts as events: a short one has no stored fold.
        long = [c.key for c in batch if c.last_sequence >= LONG]
        stored = await checkpoints.find_folds(self._tx, long)
        usable = {c.key: stored[c.key] for c in batch if _is_usable(c, stored.get(c.key))}
        unread = [c for c in batch if c.key not in usable]
        if not usable:
            return [], unread
        going_on = [c for c in batch if c.key in usable]
        tails = await conversations.list_facts_after(
            self._tx, {key: fold.sequence for key, fold in usable.items()}
        )
        candidates = await find_candidates(self._tx, self._rulesets, going_on)
        continued: list[Continued] = []
        for conversation in going_on:
            key = conversation.key
            facts = _united(tails[key], conversation.new_facts)
            refolded = await self._go_on(conversation, usable[key], facts, candidates[key])
            if refolded is None:
                unread.append(conversation)
            else:
                continued.append(Continued(conversation, refolded))
        await self._saved.save(self._tx)
        return continued, unread

    async def _go_on(
        self,
        conversation: Conversation,
        stored: StoredFold,
        facts: Sequence[Fact],
        candidates: Sequence[Ruleset],
    ) -> Sequence[Refolded] | None:
        """Return the clocks that new facts may have changed; None to read all facts.

        ``facts`` are all those that the stored fold has not read.
        """
        if stored.revision is None:
            return self._go_on_uncovered(stored, facts, candidates)
        [rules] = candidates
        head = Head.of(stored.head, rules)
        if not head.fold.still_opens(conversation.new_facts, conversation.attributes):
            return None
        chain = Checkpoints(self._tx, conversation.key)
        continuation = await continue_fold(chain, head, facts, SPACING)
        if continuation is None:
            return None
        self._keep(conversation, stored, continuation)
        return continuation.refolded

    def _keep(
        self, conversation: Conversation, stored: StoredFold, continuation: Continuation
    ) -> None:
        fold, key = continuation.fold, conversation.key
        self._saved.rewritten[key] = continuation.rewritten
        self._saved.restated[key] = continuation.restated
        if not continuation.unsaved:
            head = StoredFold(key, stored.revision, fold.end.sequence, head_of(fold))
            self._saved.folds.append(head)
        self._folds.keep(conversation, fold, unsaved=continuation.unsaved)

    def _go_on_uncovered(
        self, stored: StoredFold, facts: Sequence[Fact], candidates: Sequence[Ruleset]
    ) -> Sequence[Refolded] | None:
        uncovered = Uncovered.of_text(stored.head)
        if not uncovered.takes(facts):
            return None
        uncovered.read(facts)
        if any(uncovered.is_covered_by(rules) for rules in candidates):
            return None
        if SPACING.is_reached(facts, after=stored.sequence):
            sequence = max((stored.sequence, *(fact.sequence for fact in facts)))
            self._saved.folds.append(StoredFold(stored.key, None, sequence, uncovered.text()))
        return []


def fold_long(
    facts: Sequence[Fact], rules: Ruleset, *, fallback: Attributes, spacing: Spacing = SPACING
) -> tuple[Folded, NewFold]:
    """Return all clocks of a long conversation, and what to store so that its fold can go on."""
    opening, *rest = opened(facts, fallback)
    rest = [fact for fact in rest if fact.kind is not FactKind.OPENED]
    fold = Fold.begun(opening, rules)
    seen = max(fact.sequence for fact in facts)
    made = list(checkpoints_of(fold, rest, spacing, start=BEGINNING, seen=seen))
    fold.end.advance(rest)
    folded = fold.folded()
    return folded, NewFold(head_of(fold), fold.end.sequence, fold, made)


def fold_uncovered(facts: Sequence[Fact]) -> NewFold | None:
    """Return what to store of a conversation that no policy covers; None if its opening is lost."""
    uncovered = Uncovered.of(in_order(facts))
    if uncovered is None:
        return None
    return NewFold(uncovered.text(), max(fact.sequence for fact in facts))


async def save_new_folds(
    tx: Transaction, new: Sequence[tuple[Conversation, NewFold]], folds: Folds
) -> None:
    """Store folds in place of any that were stored before, and keep them."""
    await checkpoints.delete_checkpoints(tx, [conversation.key for conversation, _ in new])
    saved = Saved()
    for conversation, fold in new:
        key = conversation.key
        revision = None if fold.fold is None else conversation.revision
        saved.folds.append(StoredFold(key, revision, fold.sequence, fold.head))
        saved.rewritten[key] = list(fold.checkpoints)
        if fold.fold is not None:
            folds.keep(conversation, fold.fold, unsaved=0)
    await saved.save(tx)


def _united(tail: Sequence[Fact], new: Sequence[Fact]) -> list[Fact]:
    """Return all facts that a stored fold has not read; new ones may have lower sequences."""
    return list({fact.sequence: fact for fact in (*tail, *new)}.values())


def _is_usable(conversation: Conversation, stored: StoredFold | None) -> bool:
    return stored is not None and stored.revision == conversation.revision
