"""``identity.customers`` in: each event becomes a fact, a batch of facts one projection."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from common.db import Transaction
from common.messaging import Applied, Ignored, Outcome, Received, Stream, source_of
from interactions.context.domain.aliases import Merge
from interactions.context.domain.profiles import Change, Identifier
from interactions.context.events import consumed
from interactions.context.usecases.project_customers import CustomerFact, project_customers


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
    """Project the batch; a fact that something newer has overtaken is stale."""
    facts = [_FACTS[type(event.data)](event) for event in events]
    news = await project_customers(tx, facts, now=now)
    return [Applied() if one else Ignored("stale_version") for one in news]


def _created(event: Received) -> CustomerFact:
    data: consumed.CustomerCreated = event.data
    change = Change(
        version=event.envelope.sequence,
        attributes=data.attributes,
        snapshot=_identifiers(data.identifiers),
        created_at=data.created_at or event.envelope.occurred_at,
    )
    return _fact(event, data.customer_id, change=change)


def _updated(event: Received) -> CustomerFact:
    data: consumed.CustomerUpdated = event.data
    change = Change(version=event.envelope.sequence, attributes=data.attributes)
    return _fact(event, data.customer_id, change=change)


def _merged(event: Received) -> CustomerFact:
    data: consumed.CustomerMerged = event.data
    snapshot = None if data.identifiers is None else _identifiers(data.identifiers)
    change = Change(version=event.envelope.sequence, attributes=data.attributes, snapshot=snapshot)
    merge = Merge(data.survivor_id, tuple(data.absorbed_ids))
    return _fact(event, data.survivor_id, change=change, merge=merge)


def _redirected(event: Received) -> CustomerFact:
    data: consumed.CustomerRedirected = event.data
    return _fact(event, data.customer_id, merge=Merge(data.survivor_id, (data.customer_id,)))


def _added(event: Received) -> CustomerFact:
    data: consumed.IdentifierAdded = event.data
    change = Change(version=event.envelope.sequence, added=_identifiers([data.identifier]))
    return _fact(event, data.customer_id, change=change)


def _removed(event: Received) -> CustomerFact:
    data: consumed.IdentifierRemoved = event.data
    change = Change(version=event.envelope.sequence, removed=_identifiers([data.identifier]))
    return _fact(event, data.customer_id, change=change)


_FACTS: Mapping[type[Any], Callable[[Received], CustomerFact]] = {
    consumed.CustomerCreated: _created,
    consumed.CustomerUpdated: _updated,
    consumed.CustomerMerged: _merged,
    consumed.CustomerRedirected: _redirected,
    consumed.IdentifierAdded: _added,
    consumed.IdentifierRemoved: _removed,
}


def _fact(event: Received, customer_id: Any, **parts: Any) -> CustomerFact:
    return CustomerFact(
        tenant_id=event.envelope.tenant_id,
        customer_id=customer_id,
        recorded_at=event.envelope.recorded_at,
        **parts,
    )


def _identifiers(given: Sequence[consumed.ConsumedIdentifier]) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(type=one.type, value=one.value, scope=one.scope, raw=one.raw, level=one.level)
        for one in given
    )
