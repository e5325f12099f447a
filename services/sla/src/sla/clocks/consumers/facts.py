"""From events of the interactions service to facts about conversations."""

from __future__ import annotations

from collections.abc import Sequence

from common.messaging import Envelope, Received
from sla.clocks.domain.facts import Fact, FactKind
from sla.clocks.events.consumed import (
    AttributesChanged,
    ConversationOpened,
    InteractionAttached,
    InteractionRecorded,
    Snapshot,
    StatusChanged,
)
from sla.clocks.store.conversations import Heard

_NOT_SAID = frozenset(
    {"reaction", "receipt", "read_receipt", "delivery_receipt", "typing", "system", "event"}
)
"""Kinds of interaction in which nobody says anything."""


def heard(events: Sequence[Received]) -> list[Heard]:
    """Return what a batch says, one entry per conversation, in one order for all batches."""
    by_conversation: dict[tuple[str, object], list[Received]] = {}
    for event in events:
        key = (event.envelope.tenant_id, event.data.conversation_id)
        by_conversation.setdefault(key, []).append(event)
    entries = [_heard(group) for group in by_conversation.values()]
    return sorted(entries, key=lambda h: h.key)


def _heard(group: Sequence[Received]) -> Heard:
    latest = max(group, key=lambda e: e.envelope.sequence)
    snapshot: Snapshot = latest.data
    facts = (fact_of(e.envelope, e.data) for e in group)
    return Heard(
        key=(latest.envelope.tenant_id, snapshot.conversation_id),
        customer_id=snapshot.customer_id,
        attributes=snapshot.attributes(),
        last_sequence=latest.envelope.sequence,
        first_recorded_at=min(e.envelope.recorded_at for e in group),
        partition=latest.partition,
        test=latest.envelope.test,
        facts=tuple(fact for fact in facts if fact is not None),
    )


def fact_of(envelope: Envelope, data: Snapshot) -> Fact | None:
    """Return the fact in an event; None when no clock can depend on it."""
    kind = _kind(data)
    if kind is None:
        return None
    said = isinstance(data, InteractionRecorded)
    status = data.status if isinstance(data, (ConversationOpened, StatusChanged)) else None
    return Fact(
        sequence=envelope.sequence,
        kind=kind,
        occurred_at=envelope.occurred_at,
        recorded_at=envelope.recorded_at,
        backfill=data.backfill,
        status=status,
        opened_by=data.opened_by if isinstance(data, ConversationOpened) else None,
        # The snapshot is that of the recording; what was said may have happened long before.
        attributes={} if said else data.attributes(),
    )


def _kind(data: Snapshot) -> FactKind | None:
    kind: FactKind | None = None
    if isinstance(data, ConversationOpened):
        kind = FactKind.OPENED
    elif isinstance(data, InteractionRecorded):
        kind = _said_kind(data)
    elif isinstance(data, StatusChanged):
        kind = FactKind.STATUS
    elif isinstance(data, (AttributesChanged, InteractionAttached)):
        kind = FactKind.ATTRIBUTES
    return kind


def _said_kind(data: InteractionRecorded) -> FactKind | None:
    """Say who spoke. An automatic reply from the customer's side asks for nothing."""
    if data.kind in _NOT_SAID:
        return None
    if data.private or data.kind == "note" or data.direction == "internal":
        return FactKind.NOTE if data.author_type == "agent" and not data.automated else None
    if data.direction == "inbound":
        customer = data.author_type == "customer" and not data.automated
        return FactKind.CUSTOMER_MESSAGE if customer else None
    human = data.author_type == "agent" and not data.automated
    return FactKind.AGENT_MESSAGE if human else FactKind.BOT_MESSAGE
