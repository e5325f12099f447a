"""Consumes ``identity.customers``: a batch of events becomes one projection."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from common.db import Transaction
from common.messaging import Applied, Ignored, Outcome, Received, Stream, source_of
from interactions.context.domain.aliases import Merge
from interactions.context.domain.profiles import Identifier, ProfileChange
from interactions.context.events import consumed
from interactions.context.usecases.project_customers import CustomerEvent, project_customers


def customers_stream() -> Stream:
    """Return the stream that feeds profiles, aliases and known identifiers."""
    return Stream(
        consumer=consumed.CUSTOMERS_CONSUMER,
        topic=consumed.CUSTOMERS_TOPIC,
        decoders={
            ("identity.customer.created", 1): consumed.CustomerCreated,
            ("identity.customer.updated", 1): consumed.CustomerUpdated,
            ("identity.customer.merged", 1): consumed.CustomerMerged,
            ("identity.customer.redirected", 1): consumed.CustomerRedirected,
            ("identity.identifier.added", 1): consumed.IdentifierAdded,
            ("identity.identifier.removed", 1): consumed.IdentifierRemoved,
        },
        apply=apply_customers,
        source=source_of("identity"),
    )


async def apply_customers(
    tx: Transaction, events: Sequence[Received], /, *, now: datetime
) -> Sequence[Outcome]:
    """Project the batch; an event that a newer one has overtaken is stale."""
    customer_events = [_READERS[type(event.data)](event) for event in events]
    applied = await project_customers(tx, customer_events, now=now)
    return [Applied() if is_new else Ignored("stale_version") for is_new in applied]


def _created(event: Received) -> CustomerEvent:
    data: consumed.CustomerCreated = event.data
    change = ProfileChange(
        version=event.envelope.sequence,
        attributes=data.attributes,
        snapshot=_identifiers(data.identifiers),
        created_at=data.created_at or event.envelope.occurred_at,
    )
    return _event(event, data.customer_id, change=change)


def _updated(event: Received) -> CustomerEvent:
    data: consumed.CustomerUpdated = event.data
    change = ProfileChange(version=event.envelope.sequence, attributes=data.attributes)
    return _event(event, data.customer_id, change=change)


def _merged(event: Received) -> CustomerEvent:
    data: consumed.CustomerMerged = event.data
    snapshot = None if data.identifiers is None else _identifiers(data.identifiers)
    change = ProfileChange(
        version=event.envelope.sequence, attributes=data.attributes, snapshot=snapshot
    )
    merge = Merge(data.survivor_id, tuple(data.absorbed_ids))
    return _event(event, data.survivor_id, change=change, merge=merge)


def _redirected(event: Received) -> CustomerEvent:
    data: consumed.CustomerRedirected = event.data
    return _event(event, data.customer_id, merge=Merge(data.survivor_id, (data.customer_id,)))


def _added(event: Received) -> CustomerEvent:
    data: consumed.IdentifierAdded = event.data
    change = ProfileChange(version=event.envelope.sequence, added=_identifiers([data.identifier]))
    return _event(event, data.customer_id, change=change)


def _removed(event: Received) -> CustomerEvent:
    data: consumed.IdentifierRemoved = event.data
    change = ProfileChange(version=event.envelope.sequence, removed=_identifiers([data.identifier]))
    return _event(event, data.customer_id, change=change)


_READERS: Mapping[type[Any], Callable[[Received], CustomerEvent]] = {
    consumed.CustomerCreated: _created,
    consumed.CustomerUpdated: _updated,
    consumed.CustomerMerged: _merged,
    consumed.CustomerRedirected: _redirected,
    consumed.IdentifierAdded: _added,
    consumed.IdentifierRemoved: _removed,
}


def _event(event: Received, customer_id: Any, **parts: Any) -> CustomerEvent:
    return CustomerEvent(
        tenant_id=event.envelope.tenant_id,
        customer_id=customer_id,
        recorded_at=event.envelope.recorded_at,
        **parts,
    )


def _identifiers(identifiers: Sequence[consumed.ConsumedIdentifier]) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(type=i.type, value=i.value, scope=i.scope, raw=i.raw, level=i.level)
        for i in identifiers
    )
