"""From the facts of a unit of work to the events that tell them."""

from collections.abc import Iterable
from datetime import datetime
from functools import singledispatch

from common.messaging import EventData, outbox
from identity.customers.domain import facts
from identity.customers.domain.attributes import visible
from identity.customers.domain.customers import Customer
from identity.events.published import (
    CustomerCreatedV1,
    CustomerMergedV1,
    CustomerRedirectedV1,
    CustomerUpdatedV1,
    Identifier,
    IdentifierAddedV1,
)


def announce(
    happened: Iterable[facts.Fact], *, tenant_id: str, now: datetime
) -> list[outbox.OutboxEvent]:
    """Return the events for the outbox, in order; each customer's version is its sequence."""
    return [
        outbox.OutboxEvent(
            data=_event(fact),
            tenant_id=tenant_id,
            key=str(fact.customer.id),
            subject_id=str(fact.customer.id),
            sequence=fact.customer.version,
            occurred_at=now,
            now=now,
        )
        for fact in happened
    ]


@singledispatch
def _event(fact: object) -> EventData:
    raise TypeError(f"no event tells {type(fact).__name__}")


@_event.register
def _(fact: facts.CustomerCreated) -> EventData:
    return CustomerCreatedV1(
        customer_id=fact.customer.id,
        attributes=visible(fact.customer.attributes),
        identifiers=_identifiers(fact.customer),
        created_at=fact.customer.created_at,
    )


@_event.register
def _(fact: facts.CustomerUpdated) -> EventData:
    return CustomerUpdatedV1(
        customer_id=fact.customer.id,
        attributes=visible(fact.customer.attributes),
        changed=list(fact.changed),
    )


@_event.register
def _(fact: facts.IdentifierAdded) -> EventData:
    return IdentifierAddedV1(
        customer_id=fact.customer.id, identifier=Identifier.of(fact.identifier)
    )


@_event.register
def _(fact: facts.CustomersMerged) -> EventData:
    cause = fact.merge.cause
    return CustomerMergedV1(
        merge_id=fact.merge.id,
        survivor_id=fact.customer.id,
        absorbed_ids=list(fact.merge.absorbed_ids),
        reason=cause.reason,
        rule=cause.rule,
        actor=cause.actor,
        evidence=[dict(piece) for piece in cause.evidence],
        attributes=visible(fact.customer.attributes),
        identifiers=_identifiers(fact.customer),
        external_refs={},
    )


@_event.register
def _(fact: facts.CustomerRedirected) -> EventData:
    return CustomerRedirectedV1(
        customer_id=fact.customer.id, survivor_id=fact.survivor_id, merge_id=fact.merge_id
    )


def _identifiers(customer: Customer) -> list[Identifier]:
    held = sorted(customer.identifiers.values(), key=lambda identifier: identifier.key)
    return [Identifier.of(identifier) for identifier in held]
