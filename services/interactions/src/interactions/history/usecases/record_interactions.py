"""Record interactions, one or a thousand, in a constant number of statements.

Their contacts are resolved before (``resolve_contacts``), because a transaction must not wait for
the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.db import Transaction, on_commit
from common.errors import ServiceError
from common.ids import new_id
from common.messaging import outbox
from common.runtime import in_turns
from interactions.history import metrics
from interactions.history.domain.contact import Contact
from interactions.history.domain.conversation import ChangeType
from interactions.history.domain.interaction import Draft, ProviderKey, fingerprint
from interactions.history.domain.interaction_time import InteractionTime, judge_times
from interactions.history.domain.placement import Incoming, RecordingPlan, RecordingPlanner
from interactions.history.domain.tiers import opened_without_tier, with_tiers
from interactions.history.events.announcing import event_of
from interactions.history.store import (
    candidates,
    change_feed,
    conversations,
    identifiers,
    interactions,
    unresolved,
)
from interactions.history.store.tiers import find_tiers


@dataclass(frozen=True, slots=True)
class Resolved:
    """An interaction as reported, with its contact.

    ``traceparent`` is the span that caused it, when it shares a transaction with others.
    """

    draft: Draft
    contact: Contact
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class RecordInteractions:
    """Interactions of one tenant, in the order in which they take effect."""

    tenant_id: str
    items: Sequence[Resolved]
    window: timedelta


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded interaction; ``duplicate`` if it was recorded before."""

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
    times: Sequence[InteractionTime] | None = None,
) -> list[Recorded | ServiceError]:
    """Record the items and return one result for each, in order: what is recorded, or its error.

    A repeated provider message returns the first record of it. An item that fails leaves no trace.
    ``times`` replace the times of the drafts.
    """
    tenant_id, times = command.tenant_id, times or judge_times([r.draft for r in command.items])
    items = [
        Incoming.of(
            index,
            resolved.draft,
            interaction_id=new_id(),
            customer_id=resolved.contact.customer_id,
            occurred_at=times[index].occurred_at,
        )
        async for index, resolved in in_turns(enumerate(command.items))
    ]
    fresh, repeated = await _claim(tx, tenant_id, items, now)
    plan = await _plan(tx, tenant_id, fresh, command.window)
    results = await _write(tx, command, plan, times, now)
    failed = {i.draft.provider: plan.failed[i.index] for i in fresh if i.index in plan.failed}
    await _correct_claims(tx, tenant_id, plan, [key for key in failed if key])
    results |= await _first_records(tx, tenant_id, repeated, failed)
    return [results[item.index] for item in items]


async def _claim(
    tx: Transaction, tenant_id: str, items: Sequence[Incoming], now: datetime
) -> tuple[list[Incoming], list[Incoming]]:
    """Return the items that are new, and those whose provider key is already taken."""
    first: dict[ProviderKey, Incoming] = {}
    for item in items:
        if item.draft.provider is not None:
            first.setdefault(item.draft.provider, item)
    claimed = await interactions.claim_messages(tx, tenant_id, list(first.values()), now=now)
    fresh: list[Incoming] = []
    repeated: list[Incoming] = []
    for item in items:
        is_new = item.draft.provider is None or item.interaction_id in claimed
        (fresh if is_new else repeated).append(item)
    return fresh, repeated


async def _plan(
    tx: Transaction, tenant_id: str, items: Sequence[Incoming], window: timedelta
) -> RecordingPlan:
    offered = await candidates.find_candidates(tx, tenant_id, items, window=window)
    planner = RecordingPlanner(window, new_id)
    for candidate in offered:
        planner.offer(candidate)
    async for item in in_turns(items):
        planner.place(item)
    plan = planner.plan()
    return with_tiers(plan, await find_tiers(tx, tenant_id, opened_without_tier(plan)))


async def _write(
    tx: Transaction,
    command: RecordInteractions,
    plan: RecordingPlan,
    times: Sequence[InteractionTime],
    now: datetime,
) -> dict[int, Recorded | ServiceError]:
    tenant_id = command.tenant_id
    placed = {p.item.index: p for p in plan.placed}
    sequences = await change_feed.insert_changes(tx, tenant_id, plan.changes, now=now)
    changes = list(zip(plan.changes, sequences, strict=True))
    own = {change.item: seq for change, seq in changes if change.type is ChangeType.RECORDED}
    rows = [(p, times[index], own[index]) for index, p in placed.items()]
    await conversations.save_conversations(tx, tenant_id, list(plan.conversations.values()))
    await interactions.insert_interactions(tx, tenant_id, rows, now=now)
    events = (
        event_of(
            tenant_id,
            change,
            sequence=sequence,
            placed=placed.get(change.item or 0),
            now=now,
            traceparent=None if change.item is None else command.items[change.item].traceparent,
        )
        for change, sequence in changes
    )
    await outbox.record(tx, events)
    await _save_contacts(tx, command, plan, now)
    results: dict[int, Recorded | ServiceError] = dict(plan.failed)
    for index, p in placed.items():
        results[index] = Recorded(
            p.item.interaction_id, p.conversation_id, p.customer_id, own[index]
        )
    return results


async def _save_contacts(
    tx: Transaction, command: RecordInteractions, plan: RecordingPlan, now: datetime
) -> None:
    """Save what identity resolved, and queue the interactions that it has not resolved yet."""
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


async def _correct_claims(
    tx: Transaction, tenant_id: str, plan: RecordingPlan, failed: Sequence[ProviderKey]
) -> None:
    """Release the claims of failed items, and correct those filed under another customer."""
    refiled = {
        p.item.draft.provider: p.customer_id
        for p in plan.placed
        if p.item.draft.provider and p.customer_id and p.customer_id != p.item.customer_id
    }
    await interactions.save_claim_customers(tx, tenant_id, refiled)
    await interactions.delete_claims(tx, tenant_id, failed)


async def _first_records(
    tx: Transaction,
    tenant_id: str,
    repeated: Sequence[Incoming],
    failed: Mapping[ProviderKey | None, ServiceError],
) -> dict[int, Recorded | ServiceError]:
    """Return the first record of each repeated message, and count repetitions with other content.

    ``failed`` has the errors of first copies in this batch; their repetitions fail likewise.
    """
    keys = list({item.draft.provider: None for item in repeated if item.draft.provider})
    originals = await interactions.find_originals(tx, tenant_id, keys)
    results: dict[int, Recorded | ServiceError] = {}
    for item in repeated:
        original = originals.get(item.draft.provider) if item.draft.provider else None
        if original is None:
            results[item.index] = failed[item.draft.provider]
            continue
        same = original.fingerprint == fingerprint(item.draft)
        content = "same" if same else "conflicting"
        on_commit(tx, metrics.DUPLICATES.labels(content).inc)
        results[item.index] = Recorded(
            original.interaction_id,
            original.conversation_id,
            original.customer_id,
            original.sequence,
            duplicate=True,
        )
    return results
