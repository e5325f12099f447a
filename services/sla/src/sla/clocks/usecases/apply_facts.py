"""What was heard of conversations becomes facts; clocks are brought in line with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from common.db import Transaction
from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.facts import Fact, FactKind
from sla.clocks.domain.fold import Fold, Folded, fold
from sla.clocks.domain.reconciliation import Change, Held, Key, reconcile
from sla.clocks.store import clocks, conversations
from sla.clocks.store.clock_rows import Owner, Stored
from sla.clocks.store.conversations import Conversation, ConversationKey, Heard
from sla.clocks.usecases.announcing import Changed, write
from sla.clocks.usecases.folds import LONG, Folds
from sla.rules.domain.policy import Ruleset
from sla.rules.store import revisions
from sla.rules.usecases.ruleset import Rulesets

Reconcile = Callable[[Mapping[Key, Held], Sequence[Clock]], list[Change]]

IN_A_THREAD = 500
"""Facts of one conversation: about 25 ms of reading."""


@dataclass(frozen=True, slots=True)
class ApplyFacts:
    """``heard`` has one entry per conversation, ordered by key.

    What happened before ``known_until``, if that is known, has been heard with it.
    """

    heard: Sequence[Heard]
    known_until: datetime | None
    rulesets: Rulesets
    folds: Folds


@dataclass(frozen=True, slots=True)
class _Judged:
    """The clocks by the first rules that are for a conversation, and the revision of those."""

    folded: Folded | None
    revision: int | None
    fold: Fold | None = None


async def apply_facts(tx: Transaction, command: ApplyFacts, *, now: datetime) -> int:
    """Add the facts and bring the clocks in line; return how many events that made.

    Facts that are known already change nothing.
    """
    if not command.heard:
        return 0
    known = await conversations.hear(tx, command.heard)
    going_on = {
        key: clocks_
        for key, conversation in known.items()
        if (clocks_ := command.folds.go_on(conversation, _owner(conversation))) is not None
    }
    anew = {key: one for key, one in known.items() if key not in going_on}
    reconciled = partial(reconcile, now=now, known_until=command.known_until)
    changes = await _go_on(tx, known, going_on, reconciled)
    changes += await _fold_anew(tx, command, anew, reconciled)
    return await write(tx, changes, now=now)


async def _go_on(
    tx: Transaction,
    known: Mapping[ConversationKey, Conversation],
    clocks_of: Mapping[ConversationKey, Sequence[Clock]],
    reconciled: Reconcile,
) -> list[Changed]:
    """Return the changes of conversations of which only the latest clocks can have changed."""
    names = {key: [(c.metric, c.cycle) for c in found] for key, found in clocks_of.items()}
    held = await clocks.lock_named(tx, names)
    changes: list[Changed] = []
    for key, found in clocks_of.items():
        before = {k: stored.held for k, stored in held[key].items()}
        owner = _owner(known[key])
        changes += [(owner, change) for change in reconciled(before, found)]
    return changes


async def _fold_anew(
    tx: Transaction,
    command: ApplyFacts,
    known: Mapping[ConversationKey, Conversation],
    reconciled: Reconcile,
) -> list[Changed]:
    """Return the changes of conversations whose facts are all read."""
    if not known:
        return []
    keys = list(known)
    facts = await conversations.facts_of(tx, keys)
    held = await clocks.lock(tx, keys)
    candidates = await _candidates(tx, list(known.values()), command.rulesets)
    changes: list[Changed] = []
    pins: dict[ConversationKey, int] = {}
    for key, conversation in known.items():
        judge = partial(_judge, conversation, facts[key], candidates[key])
        # A very long conversation must not hold up the event loop, and heartbeats with it.
        long = len(facts[key]) > IN_A_THREAD
        judged = await asyncio.to_thread(judge) if long else judge()
        if judged.folded is None:
            continue
        if judged.revision is not None and conversation.revision is None:
            pins[key] = judged.revision
        owner = _owner(conversation)
        if judged.fold is not None:
            command.folds.keep(conversation, owner, judged.fold)
        before = {k: stored.held for k, stored in held[key].items()}
        changed = reconciled(before, judged.folded.clocks)
        changes += [(owner, c) for c in changed]
        changes += [(owner, c) for c in _moved(owner, held[key].values(), changed)]
    await conversations.pin(tx, pins)
    return changes


def _moved(owner: Owner, held: Iterable[Stored], changed: Sequence[Change]) -> list[Change]:
    """Return the clocks whose row must name another owner, about which there is nothing to tell."""
    written = {change.held.clock_id for change in changed}
    return [
        Change(stored.held, ())
        for stored in held
        if stored.owner != owner and stored.held.clock_id not in written
    ]


def _judge(
    conversation: Conversation, facts: Sequence[Fact], candidates: Sequence[Ruleset]
) -> _Judged:
    opened = any(fact.kind is FactKind.OPENED for fact in facts)
    if conversation.revision is not None and opened and len(facts) >= LONG:
        [kept] = candidates
        going_on = Fold(facts, kept)
        return _Judged(going_on.folded(), kept.revision, going_on)
    folded: Folded | None = None
    for rules_ in candidates:
        folded = fold(facts, rules_, fallback=conversation.attributes)
        if folded.matched:
            return _Judged(folded, rules_.revision)
    return _Judged(folded, None)


async def _candidates(
    tx: Transaction, known: Sequence[Conversation], rulesets: Rulesets
) -> Mapping[ConversationKey, Sequence[Ruleset]]:
    """Return the rules that each conversation may be judged by, in the order to try them.

    Once matched it keeps its rules. Before, those in force when we first heard of it come first,
    however late we are; then the newest, for which it has been waiting.
    """
    fresh = [c for c in known if c.revision is None]
    asked: set[tuple[str, datetime | None]] = {(c.key[0], c.first_recorded_at) for c in fresh}
    asked |= {(c.key[0], None) for c in fresh}
    at = await revisions.revisions(tx, list(asked)) if asked else {}
    found: dict[ConversationKey, list[Ruleset]] = {}
    for conversation in known:
        tenant = conversation.key[0]
        wanted = [conversation.revision]
        if conversation.revision is None:
            wanted = [at[tenant, conversation.first_recorded_at], at[tenant, None]]
        found[conversation.key] = [
            await rulesets.get(tx, tenant, revision)
            for revision in dict.fromkeys(wanted)
            if revision is not None
        ]
    return found


def _owner(conversation: Conversation) -> Owner:
    tenant, conversation_id = conversation.key
    return Owner(
        tenant_id=tenant,
        conversation_id=conversation_id,
        customer_id=conversation.customer_id,
        partition=conversation.partition,
        test=conversation.test,
    )
