"""Write down what happened: one or a thousand interactions, in a constant number of statements.

Who each is from was found out before (``resolve_contacts``), because nothing may wait for the
network while a transaction is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.db import Transaction, on_commit
from common.errors import ServiceError
from common.messaging import outbox
from interactions.history import metrics
from interactions.history.domain.contact import Contact
from interactions.history.domain.conversation import Told
from interactions.history.domain.interaction import Draft, ProviderKey, fingerprint
from interactions.history.domain.placement import Item, Plan, plan_recording
from interactions.history.domain.times import Moment, judge_times
from interactions.history.events.announcing import event_of
from interactions.history.store import (
    candidates,
    changes,
    conversations,
    identifiers,
    interactions,
    unresolved,
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """An interaction as reported, and who it is from as far as that is known.

    ``traceparent`` is its own cause, for what is recorded together with others'.
    """

    draft: Draft
    contact: Contact
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class RecordInteractions:
    """Interactions of one tenant, in the order in which they are to count."""

    tenant_id: str
    items: Sequence[Resolved]
    window: timedelta


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on record now; ``duplicate`` when it had been before."""

    interaction_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    sequence: int
    duplicate: bool = False


async def record_interactions(
    tx: Transaction,
    command: RecordInteractions,
    *,
    now: datetime,
    moments: Sequence[Moment] | None = None,
) -> list[Recorded | ServiceError]:
    """Record each item, or say what is wrong with it; one answer per item, in order.

    A message that a provider has already sent is answered with what was recorded first. Items that
    fail leave nothing behind. ``moments`` are the items' times when others count than the drafts'.
    """
    tenant_id, moments = command.tenant_id, moments or judge_times([r.draft for r in command.items])
    items = [
        Item.of(i, r.draft, customer_id=r.contact.customer_id, occurred_at=moments[i].occurred_at)
        for i, r in enumerate(command.items)
    ]
    fresh, repeated = await _claim(tx, tenant_id, items, now)
    plan = await _plan(tx, tenant_id, fresh, command.window)
    answers = await _write(tx, command, plan, moments, now)
    failed = {i.draft.provider: plan.failed[i.index] for i in fresh if i.index in plan.failed}
    await _settle(tx, tenant_id, plan, [key for key in failed if key])
    answers |= await _repeat(tx, tenant_id, repeated, failed)
    return [answers[item.index] for item in items]


async def _claim(
    tx: Transaction, tenant_id: str, items: Sequence[Item], now: datetime
) -> tuple[list[Item], list[Item]]:
    """Return the items that are new, and those whose provider key is already taken."""
    first: dict[ProviderKey, Item] = {}
    for item in items:
        if item.draft.provider is not None:
            first.setdefault(item.draft.provider, item)
    claimed = await interactions.claim_messages(tx, tenant_id, list(first.values()), now=now)
    fresh: list[Item] = []
    repeated: list[Item] = []
    for item in items:
        is_new = item.draft.provider is None or item.interaction_id in claimed
        (fresh if is_new else repeated).append(item)
    return fresh, repeated


async def _plan(tx: Transaction, tenant_id: str, items: Sequence[Item], window: timedelta) -> Plan:
    found = await candidates.find_candidates(tx, tenant_id, items, window=window)
    return plan_recording(items, found, window=window)


async def _write(
    tx: Transaction,
    command: RecordInteractions,
    plan: Plan,
    moments: Sequence[Moment],
    now: datetime,
) -> dict[int, Recorded | ServiceError]:
    tenant_id = command.tenant_id
    placed = {p.item.index: p for p in plan.placed}
    numbers = await changes.insert_changes(tx, tenant_id, plan.steps, now=now)
    steps = list(zip(plan.steps, numbers, strict=True))
    own = {step.item: number for step, number in steps if step.told is Told.RECORDED}
    rows = [(p, moments[index], own[index]) for index, p in placed.items()]
    await conversations.save_conversations(tx, tenant_id, list(plan.conversations.values()))
    await interactions.insert_interactions(tx, tenant_id, rows, now=now)
    events = [
        event_of(
            tenant_id,
            step,
            sequence=n,
            placed=placed.get(step.item or 0),
            now=now,
            traceparent=None if step.item is None else command.items[step.item].traceparent,
        )
        for step, n in steps
    ]
    await outbox.record(tx, events)
    await _remember(tx, command, plan, now)
    answers: dict[int, Recorded | ServiceError] = dict(plan.failed)
    for index, p in placed.items():
        answers[index] = Recorded(
            p.item.interaction_id, p.conversation_id, p.customer_id, own[index]
        )
    return answers


async def _remember(
    tx: Transaction, command: RecordInteractions, plan: Plan, now: datetime
) -> None:
    """Keep what identity taught us, and what it still has to tell."""
    contacts = [command.items[p.item.index].contact for p in plan.placed]
    learned = [
        (c.customer_id, c.learned) for c in contacts if c.confirmed and c.customer_id is not None
    ]
    await identifiers.save_identifiers(tx, command.tenant_id, learned, now=now)
    waiting = [
        (p, contact)
        for p, contact in zip(plan.placed, contacts, strict=True)
        if p.customer_id is None and (p.item.draft.identifiers or contact.claimed_customer_id)
    ]
    await unresolved.insert_unresolved(tx, command.tenant_id, waiting, now=now)


async def _settle(
    tx: Transaction, tenant_id: str, plan: Plan, failed: Sequence[ProviderKey]
) -> None:
    """Give back the claims of what failed, and correct those filed under another customer."""
    refiled = {
        p.item.draft.provider: p.customer_id
        for p in plan.placed
        if p.item.draft.provider and p.customer_id and p.customer_id != p.item.customer_id
    }
    await interactions.save_claim_customers(tx, tenant_id, refiled)
    await interactions.delete_claims(tx, tenant_id, failed)


async def _repeat(
    tx: Transaction,
    tenant_id: str,
    repeated: Sequence[Item],
    refused: Mapping[ProviderKey | None, ServiceError],
) -> dict[int, Recorded | ServiceError]:
    """Answer repeated messages with what was recorded first; another content is counted.

    ``refused`` says why a first copy in this very batch failed; its repetition fails with it.
    """
    keys = list({item.draft.provider: None for item in repeated if item.draft.provider})
    originals = await interactions.find_originals(tx, tenant_id, keys)
    repeats: dict[int, Recorded | ServiceError] = {}
    for item in repeated:
        original = originals.get(item.draft.provider) if item.draft.provider else None
        if original is None:
            repeats[item.index] = refused[item.draft.provider]
            continue
        same = original.fingerprint == fingerprint(item.draft)
        content = "same" if same else "conflicting"
        on_commit(tx, metrics.DUPLICATES.labels(content).inc)
        repeats[item.index] = Recorded(
            original.interaction_id,
            original.conversation_id,
            original.customer_id,
            original.sequence,
            duplicate=True,
        )
    return repeats
