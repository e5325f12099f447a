"""From a batch of the interactions service's events to facts about conversations."""

from collections.abc import Sequence

from common.messaging import Envelope, Received
from sla.clocks.domain.conversations import ConversationFacts, ConversationKey
from sla.clocks.domain.facts import Fact, FactKind
from sla.clocks.events.consumed import (
    AttributesChanged,
    ConversationOpened,
    InteractionAttached,
    InteractionRecorded,
    Snapshot,
    StatusChanged,
)

_WITHOUT_MESSAGE = frozenset(
    {"reaction", "receipt", "read_receipt", "delivery_receipt", "typing", "system", "event"}
)
"""Kinds of interaction that carry no message."""


def collect_facts(events: Sequence[Received]) -> list[ConversationFacts]:
    """Return the facts of a batch, one entry per conversation, ordered by key.

    All batches lock conversations in this order, so that two of them cannot deadlock.
    """
    by_conversation: dict[ConversationKey, list[Received]] = {}
    for event in events:
        key = (event.envelope.tenant_id, event.data.conversation_id)
        by_conversation.setdefault(key, []).append(event)
    entries = [_conversation_facts(group) for group in by_conversation.values()]
    return sorted(entries, key=lambda entry: entry.key)


def _conversation_facts(events: Sequence[Received]) -> ConversationFacts:
    latest = max(events, key=lambda e: e.envelope.sequence)
    snapshot: Snapshot = latest.data
    facts = (fact_of(e.envelope, e.data) for e in events)
    return ConversationFacts(
        key=(latest.envelope.tenant_id, snapshot.conversation_id),
        customer_id=snapshot.customer_id,
        attributes=snapshot.attributes(),
        last_sequence=latest.envelope.sequence,
        first_recorded_at=min(e.envelope.recorded_at for e in events),
        partition=latest.partition,
        test=latest.envelope.test,
        facts=tuple(fact for fact in facts if fact is not None),
    )


def fact_of(envelope: Envelope, data: Snapshot) -> Fact | None:
    """Return the fact that an event carries; None if no clock can depend on it."""
    kind = _kind(data)
    if kind is None:
        return None
    is_interaction = isinstance(data, InteractionRecorded)
    status = data.status if isinstance(data, (ConversationOpened, StatusChanged)) else None
    return Fact(
        sequence=envelope.sequence,
        kind=kind,
        occurred_at=envelope.occurred_at,
        recorded_at=envelope.recorded_at,
        backfill=data.backfill,
        status=status,
        opened_by=data.opened_by if isinstance(data, ConversationOpened) else None,
        # The snapshot is from the recording; the interaction may have happened long before.
        attributes={} if is_interaction else data.attributes(),
    )


def _kind(data: Snapshot) -> FactKind | None:
    kind: FactKind | None = None
    if isinstance(data, ConversationOpened):
        kind = FactKind.OPENED
    elif isinstance(data, InteractionRecorded):
        kind = _message_kind(data)
    elif isinstance(data, StatusChanged):
        kind = FactKind.STATUS
    elif isinstance(data, (AttributesChanged, InteractionAttached)):
        kind = FactKind.ATTRIBUTES
    return kind


def _message_kind(data: InteractionRecorded) -> FactKind | None:
    """Return whose message it is; an automatic reply from the customer's side asks for nothing."""
    if data.kind in _WITHOUT_MESSAGE:
        return None
    if data.private or data.kind == "note" or data.direction == "internal":
        return FactKind.NOTE if data.author_type == "agent" and not data.automated else None
    if data.direction == "inbound":
        customer = data.author_type == "customer" and not data.automated
        return FactKind.CUSTOMER_MESSAGE if customer else None
    human = data.author_type == "agent" and not data.automated
    return FactKind.AGENT_MESSAGE if human else FactKind.BOT_MESSAGE
