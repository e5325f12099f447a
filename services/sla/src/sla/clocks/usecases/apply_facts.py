"""Store the facts of a batch and bring the clocks of its conversations in line with them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from common.ids import new_id
from sla.clocks.domain.alignment import NEW, aligned, highest_cycles, numbered
from sla.clocks.domain.changes import Change, OwnedChange, owned
from sla.clocks.domain.clocks import Clock, ClockKey, OwnedClock, current_versions
from sla.clocks.domain.conversations import Conversation, ConversationFacts, ConversationKey
from sla.clocks.domain.facts import Fact
from sla.clocks.domain.fold import Folded, fold
from sla.clocks.domain.reconciliation import Reconciliation
from sla.clocks.memory import LONG, Folds
from sla.clocks.store import clock_writes, conversations
from sla.clocks.usecases.candidates import find_candidates
from sla.clocks.usecases.long_conversations import (
    Continued,
    LongConversations,
    NewFold,
    fold_long,
    fold_uncovered,
    save_new_folds,
)
from sla.clocks.usecases.save_changes import ClockSaver
from sla.rules.domain.policy import Ruleset
from sla.rules.memory import Rulesets

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
    """The clocks by the first rules that cover a conversation, and the revision of those rules.

    ``new`` is what to store of a long conversation.
    """

    folded: Folded | None
    revision: int | None
    new: NewFold | None = None


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
        continued: list[Continued] = []
        others: list[Conversation] = []
        for conversation in batch.values():
            refolded = self._folds.extend(conversation)
            if refolded is None:
                others.append(conversation)
            else:
                continued.append(Continued(conversation, [refolded]))
        unread: list[Conversation] = []
        if others:
            long = LongConversations(tx, self._rulesets, self._folds)
            gone_on, unread = await long.go_on(others)
            continued += gone_on
        changes = await _reconcile_continued(tx, continued, reconciliation)
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
        candidates = await find_candidates(tx, self._rulesets, unread)
        changes: list[OwnedChange] = []
        matched: dict[ConversationKey, int] = {}
        new: list[tuple[Conversation, NewFold]] = []
        for conversation in unread:
            key = conversation.key
            judgement = await _judge(conversation, facts[key], candidates[key])
            if judgement.new is not None:
                new.append((conversation, judgement.new))
            if judgement.folded is None:
                continue
            if judgement.revision is not None and conversation.revision is None:
                matched[key] = judgement.revision
            clocks = judgement.folded.clocks
            changes += _reconcile_all(conversation, stored[key], clocks, reconciliation)
        await conversations.save_revisions(tx, matched)
        await save_new_folds(tx, new, self._folds)
        return changes


async def _reconcile_continued(
    tx: Transaction, continued: Sequence[Continued], reconciliation: Reconciliation
) -> list[OwnedChange]:
    """Return the changes of conversations in which only some clocks can have changed."""
    moved = [c.conversation.owner for c in continued if c.conversation.has_moved]
    await clock_writes.save_owners(tx, moved)
    spans = [
        (c.conversation.key, metric, first, last)
        for c in continued
        for refolded in c.refolded
        for metric, (first, last) in refolded.spans.items()
    ]
    locked = await clock_writes.lock_spans(tx, spans)
    stored = {key: current_versions(clocks) for key, clocks in locked.items()}
    shown = {
        c.conversation.key: aligned(
            stored.get(c.conversation.key, {}).values(),
            (clock for refolded in c.refolded for clock in refolded.clocks),
        )
        for c in continued
    }
    new = {(key, clock.metric) for key, own in shown.items() for clock in own if clock.cycle == NEW}
    highest = await clock_writes.find_highest_cycles(tx, sorted(new))
    changes: list[OwnedChange] = []
    for c in continued:
        key = c.conversation.key
        clocks = numbered(shown[key], highest.get(key, {}))
        changes += owned(c.conversation.owner, reconciliation.changes(stored.get(key, {}), clocks))
    return changes


def _reconcile_all(
    conversation: Conversation,
    stored: Mapping[ClockKey, OwnedClock],
    clocks: Sequence[Clock],
    reconciliation: Reconciliation,
) -> list[OwnedChange]:
    """Return the changes of all clocks, and silent ones of clocks whose owner has changed."""
    versions = current_versions(stored)
    highest = highest_cycles(versions.values())
    shown = numbered(aligned(versions.values(), clocks), highest)
    changes = reconciliation.changes(versions, shown)
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
    if conversation.revision is not None and len(facts) >= LONG:
        [ruleset] = candidates
        long, new = fold_long(facts, ruleset, fallback=conversation.attributes)
        return _Judgement(long, ruleset.revision, new)
    folded: Folded | None = None
    for ruleset in candidates:
        folded = fold(facts, ruleset, fallback=conversation.attributes)
        if folded.matched:
            return _Judgement(folded, ruleset.revision)
    return _Judgement(folded, None, fold_uncovered(facts) if len(facts) >= LONG else None)
