"""Store the facts of a batch and bring the clocks of its conversations in line with them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from common.ids import new_id
from sla.clocks.domain.changes import Change, OwnedChange, owned
from sla.clocks.domain.clocks import Clock, ClockKey, OwnedClock, current_versions
from sla.clocks.domain.conversations import Conversation, ConversationFacts, ConversationKey
from sla.clocks.domain.facts import Fact, FactKind
from sla.clocks.domain.fold import Fold, Folded, fold
from sla.clocks.domain.reconciliation import Reconciliation
from sla.clocks.memory import LONG, Folds
from sla.clocks.store import clock_writes, conversations
from sla.clocks.usecases.save_changes import ClockSaver
from sla.rules.domain.policy import Ruleset
from sla.rules.memory import Rulesets
from sla.rules.store import revisions

IN_A_THREAD = 500
"""The number of facts from which a conversation is folded in a thread; they take about 25 ms."""


@dataclass(frozen=True, slots=True)
class ApplyFacts:
    """``batch`` has one entry per conversation, ordered by key.

    Everything that happened before ``known_until``, if that is known, is stored or in the batch.
    """

    batch: Sequence[ConversationFacts]
    known_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Judgement:
    """The clocks by the first rules that cover a conversation, and the revision of those rules."""

    folded: Folded | None
    revision: int | None
    fold: Fold | None = None


class ClockUpdater:
    """Applies facts to clocks, with what it remembers of rules and of long conversations."""

    def __init__(self, rulesets: Rulesets, folds: Folds, saver: ClockSaver) -> None:
        self._rulesets = rulesets
        self._folds = folds
        self._saver = saver

    async def apply_facts(self, tx: Transaction, command: ApplyFacts, /, *, now: datetime) -> None:
        """Add the facts and bring the clocks in line; repeated facts change nothing."""
        if not command.batch:
            return
        batch = await conversations.save_facts(tx, command.batch)
        reconciliation = Reconciliation(now, command.known_until, new_id)
        extended: list[tuple[Conversation, Sequence[Clock]]] = []
        unread: list[Conversation] = []
        for conversation in batch.values():
            changed = self._folds.extend(conversation)
            if changed is None:
                unread.append(conversation)
            else:
                extended.append((conversation, changed))
        changes = await _reconcile_extended(tx, extended, reconciliation)
        if unread:
            changes += await self._fold_all(tx, unread, reconciliation)
        await self._saver.save_changes(tx, changes, now=now)

    async def _fold_all(
        self, tx: Transaction, unread: Sequence[Conversation], reconciliation: Reconciliation
    ) -> list[OwnedChange]:
        """Return the changes of conversations whose facts must all be read."""
        keys = [conversation.key for conversation in unread]
        facts = await conversations.list_facts(tx, keys)
        stored = await clock_writes.lock_all_clocks(tx, keys)
        candidates = await self._candidates(tx, unread)
        changes: list[OwnedChange] = []
        matched: dict[ConversationKey, int] = {}
        for conversation in unread:
            key = conversation.key
            judgement = await _judge(conversation, facts[key], candidates[key])
            if judgement.folded is None:
                continue
            if judgement.revision is not None and conversation.revision is None:
                matched[key] = judgement.revision
            if judgement.fold is not None:
                self._folds.keep(conversation, judgement.fold)
            clocks = judgement.folded.clocks
            changes += _reconcile_all(conversation, stored[key], clocks, reconciliation)
        await conversations.save_revisions(tx, matched)
        return changes

    async def _candidates(
        self, tx: Transaction, unread: Sequence[Conversation]
    ) -> Mapping[ConversationKey, Sequence[Ruleset]]:
        """Return the rulesets that may cover each conversation, in the order to try them.

        A matched conversation keeps its ruleset. For any other, the one in force when its first
        event was recorded comes first, however late that event is applied; then the newest.
        """
        unmatched = [c for c in unread if c.revision is None]
        wanted: set[tuple[str, datetime | None]] = {
            (c.key[0], at) for c in unmatched for at in (c.first_recorded_at, None)
        }
        in_force = await revisions.list_revisions(tx, list(wanted)) if wanted else {}
        candidates: dict[ConversationKey, list[Ruleset]] = {}
        for conversation in unread:
            tenant = conversation.key[0]
            numbers = [conversation.revision]
            if conversation.revision is None:
                times = (conversation.first_recorded_at, None)
                numbers = [in_force[tenant, at] for at in times]
            candidates[conversation.key] = [
                await self._rulesets.get(tx, tenant, number)
                for number in dict.fromkeys(numbers)
                if number is not None
            ]
        return candidates


async def _reconcile_extended(
    tx: Transaction,
    extended: Sequence[tuple[Conversation, Sequence[Clock]]],
    reconciliation: Reconciliation,
) -> list[OwnedChange]:
    """Return the changes of conversations in which only these clocks can have changed."""
    keys = {conversation.key: [clock.key for clock in clocks] for conversation, clocks in extended}
    stored = await clock_writes.lock_clocks(tx, keys)
    changes: list[OwnedChange] = []
    for conversation, clocks in extended:
        before = current_versions(stored[conversation.key])
        changes += owned(conversation.owner, reconciliation.changes(before, clocks))
    return changes


def _reconcile_all(
    conversation: Conversation,
    stored: Mapping[ClockKey, OwnedClock],
    clocks: Sequence[Clock],
    reconciliation: Reconciliation,
) -> list[OwnedChange]:
    """Return the changes of all clocks, and silent ones of clocks whose owner has changed."""
    changes = reconciliation.changes(current_versions(stored), clocks)
    changed = {change.version.clock_id for change in changes}
    changes += [
        Change(clock.current)
        for clock in stored.values()
        if clock.owner != conversation.owner and clock.current.clock_id not in changed
    ]
    return owned(conversation.owner, changes)


async def _judge(
    conversation: Conversation, facts: Sequence[Fact], candidates: Sequence[Ruleset]
) -> _Judgement:
    """Fold the facts, in a thread if there are so many that they would block the event loop."""
    if len(facts) > IN_A_THREAD:
        return await asyncio.to_thread(_fold, conversation, facts, candidates)
    return _fold(conversation, facts, candidates)


def _fold(
    conversation: Conversation, facts: Sequence[Fact], candidates: Sequence[Ruleset]
) -> _Judgement:
    is_opened = any(fact.kind is FactKind.OPENED for fact in facts)
    if conversation.revision is not None and is_opened and len(facts) >= LONG:
        [ruleset] = candidates
        extensible = Fold(facts, ruleset)
        return _Judgement(extensible.folded(), ruleset.revision, extensible)
    folded: Folded | None = None
    for ruleset in candidates:
        folded = fold(facts, ruleset, fallback=conversation.attributes)
        if folded.matched:
            return _Judgement(folded, ruleset.revision)
    return _Judgement(folded, None)
