"""Turns changes to customers into the events that announce them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import singledispatch

from common.messaging import EventData, outbox
from identity.customers.domain import changes
from identity.customers.domain.attributes import visible_values
from identity.customers.domain.customers import Customer
from identity.customers.domain.type_rules import BUILT_IN_RULES, Rank
from identity.events.published import (
    CustomerCreatedV1,
    CustomerMergedV1,
    CustomerRedirectedV1,
    CustomerSplitV1,
    CustomerUnmergedV1,
    CustomerUpdatedV1,
    Identifier,
    IdentifierAddedV1,
    IdentifierClaimedV1,
    IdentifierRemovedV1,
    Provenance,
    RestoredCustomer,
)


def announce(
    customer_changes: Iterable[changes.CustomerChange], *, tenant_id: str, now: datetime
) -> Iterator[outbox.OutboxEvent]:
    """Yield the events for the outbox, in order; each customer's version is its sequence."""
    for change in customer_changes:
        yield outbox.OutboxEvent(
            data=_event(change),
            tenant_id=tenant_id,
            key=str(change.customer.id),
            subject_id=str(change.customer.id),
            sequence=change.customer.version,
            occurred_at=now,
            now=now,
        )


@singledispatch
def _event(change: object) -> EventData:
    raise TypeError(f"no event announces {type(change).__name__}")


@_event.register
def _(change: changes.CustomerCreated) -> EventData:
    return CustomerCreatedV1(
        customer_id=change.customer.id,
        attributes=visible_values(change.customer.attributes),
        identifiers=_identifiers(change.customer),
        created_at=change.customer.created_at,
    )


@_event.register
def _(change: changes.CustomerUpdated) -> EventData:
    current = change.customer.attributes
    return CustomerUpdatedV1(
        customer_id=change.customer.id,
        attributes=visible_values(change.customer.attributes),
        changed=list(change.changed),
        provenance={
            name: Provenance.of(current[name]) for name in change.changed if name in current
        },
    )


@_event.register
def _(change: changes.IdentifierAdded) -> EventData:
    return IdentifierAddedV1(
        customer_id=change.customer.id, identifier=Identifier.of(change.identifier)
    )


@_event.register
def _(change: changes.IdentifierRemoved) -> EventData:
    return IdentifierRemovedV1(
        customer_id=change.customer.id,
        identifier=Identifier.of(change.identifier),
        undo_of=change.undo_of,
    )


@_event.register
def _(change: changes.IdentifierClaimed) -> EventData:
    return IdentifierClaimedV1(
        customer_id=change.customer.id,
        identifier=Identifier.of(change.identifier),
        held_by=change.held_by,
        expires_at=change.expires_at,
    )


@_event.register
def _(change: changes.CustomerSplit) -> EventData:
    return CustomerSplitV1(
        customer_id=change.customer.id,
        new_customer_id=change.new_id,
        identifiers=[Identifier.of(identifier) for identifier in change.identifiers],
        reason=change.cause.reason,
        rule=change.cause.rule,
        actor=change.cause.actor,
        decision_id=change.cause.decision_id,
        history_from=change.cause.history_from,
    )


@_event.register
def _(change: changes.CustomersMerged) -> EventData:
    cause = change.merge.cause
    return CustomerMergedV1(
        merge_id=change.merge.id,
        survivor_id=change.customer.id,
        absorbed_ids=list(change.merge.absorbed_ids),
        reason=cause.reason,
        rule=cause.rule,
        actor=cause.actor,
        evidence=[dict(piece) for piece in cause.evidence],
        attributes=visible_values(change.customer.attributes),
        identifiers=_identifiers(change.customer),
        external_refs=_external_refs(change.customer),
    )


@_event.register
def _(change: changes.CustomerRedirected) -> EventData:
    return CustomerRedirectedV1(
        customer_id=change.customer.id,
        survivor_id=change.survivor_id,
        merge_id=change.merge_id,
        undo_of=change.undo_of,
    )


@_event.register
def _(change: changes.CustomerUnmerged) -> EventData:
    undo = change.undo
    return CustomerUnmergedV1(
        customer_id=change.customer.id,
        merge_id=undo.merge_id,
        undo_of=undo.merge_id,
        decision_id=undo.decision_id,
        survivor_id=change.survivor_id,
        restored=[
            RestoredCustomer(
                customer_id=restored.id,
                version=restored.version,
                merged_ids=list(restored.merged_ids),
            )
            for restored in change.restored
        ],
        merged_ids=list(change.customer.merged_ids),
        merged_at=undo.merged_at,
        reason=undo.cause.reason,
        rule=undo.cause.rule,
        actor=undo.cause.actor,
        evidence=[dict(piece) for piece in undo.cause.evidence],
        attributes=visible_values(change.customer.attributes),
        identifiers=_identifiers(change.customer),
        external_refs=_external_refs(change.customer),
    )


def _external_refs(customer: Customer) -> dict[str, list[str]]:
    """Return the values of the customer's own numbers by scope."""
    refs: defaultdict[str, list[str]] = defaultdict(list)
    for key, identifier in sorted(customer.identifiers.items()):
        if BUILT_IN_RULES.rank(key.type) is Rank.OWN_NUMBER and identifier.is_proved:
            refs[key.scope].append(key.value)
    return dict(refs)


def _identifiers(customer: Customer) -> list[Identifier]:
    identifiers = sorted(customer.identifiers.values(), key=lambda identifier: identifier.key)
    return [Identifier.of(identifier) for identifier in identifiers]
