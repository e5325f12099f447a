"""Find, or make, the customers that a batch of questions is about."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common.db import Transaction
from common.ids import new_id
from common.messaging import outbox
from identity.customers.store import customers
from identity.events.announcing import announce
from identity.resolution.domain.clusters import Rules
from identity.resolution.domain.questions import Prepared, Question, prepare
from identity.resolution.domain.resolution import Answer, Context, answer_all
from identity.resolution.domain.roster import Roster
from identity.resolution.store import changes
from identity.resolution.usecases.settlement import settle

QUESTIONS_A_TURN = 100
"""Normalising takes about 0.15 ms a question; between turns others get the event loop."""


@dataclass(frozen=True, slots=True)
class ResolveIdentities:
    """Questions of one tenant, answered in their order; each sees what those before it changed."""

    tenant_id: str
    questions: tuple[Question, ...]
    rules: Rules


async def resolve_identities(
    tx: Transaction, command: ResolveIdentities, *, now: datetime
) -> tuple[Answer, ...]:
    """Return one answer, or one error, for each question; asking again changes nothing more."""
    items = await _prepared(command.questions, now=now)
    keys = frozenset(identifier.key for item in items for identifier in item.identifiers)
    context = Context(rules=command.rules, now=now, new_id=new_id)

    def plan(roster: Roster) -> tuple[Answer, ...]:
        return answer_all(roster, items, context)

    roster, answers = await settle(
        tx,
        command.tenant_id,
        load=lambda: customers.find_by_keys(tx, command.tenant_id, keys),
        plan=plan,
        keys=keys,
    )
    if roster.changes:
        await changes.save(tx, command.tenant_id, roster, now=now)
        happened = roster.changes.facts
        await outbox.record(tx, announce(happened, tenant_id=command.tenant_id, now=now))
    return answers


async def _prepared(questions: Sequence[Question], *, now: datetime) -> list[Prepared]:
    items: list[Prepared] = []
    for start in range(0, len(questions), QUESTIONS_A_TURN):
        if start:
            await asyncio.sleep(0)
        turn = questions[start : start + QUESTIONS_A_TURN]
        items += [prepare(question, now=now) for question in turn]
    return items
