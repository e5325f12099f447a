"""Consumes ``identity.customers``: a batch of events becomes one projection."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import Transaction
from common.erasing import list_erased
from common.messaging import Applied, Ignored, Outcome, Received, Stream, source_of
from interactions.context.domain.aliases import Moment, Pointer
from interactions.context.domain.profiles import Claim, Identifier, ProfileChange
from interactions.context.domain.refiling import Refiling
from interactions.context.events import consumed
from interactions.context.usecases.erasures import AnnouncedErasure, BeginErasures
from interactions.context.usecases.project_customers import CustomerEvent, project_customers
from interactions.history import contact_key_of, key_of_identity


def customers_stream(begin_erasures: BeginErasures) -> Stream:
    """Return the stream that feeds profiles, aliases, claims and known identifiers.

    It empties them, too, when a customer is erased.
    """

    async def apply(
        tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        return await apply_customers(tx, events, begin_erasures, now=now)

    return Stream(
        consumer=consumed.CUSTOMERS_CONSUMER,
        topic=consumed.CUSTOMERS_TOPIC,
        decoders={
            ("identity.customer.created", 1): consumed.CustomerCreated,
            ("identity.customer.updated", 1): consumed.CustomerUpdated,
            ("identity.customer.merged", 1): consumed.CustomerMerged,
            ("identity.customer.redirected", 1): consumed.CustomerRedirected,
            ("identity.customer.unmerged", 1): consumed.CustomerUnmerged,
            ("identity.customer.split", 1): consumed.CustomerSplit,
            ("identity.customer.erased", 1): consumed.CustomerErased,
            ("identity.identifier.added", 1): consumed.IdentifierAdded,
            ("identity.identifier.removed", 1): consumed.IdentifierRemoved,
            ("identity.identifier.claimed", 1): consumed.IdentifierClaimed,
        },
        apply=apply,
        source=source_of("identity"),
    )


async def apply_customers(
    tx: Transaction,
    events: Sequence[Received],
    begin_erasures: BeginErasures,
    *,
    now: datetime,
) -> Sequence[Outcome]:
    """Project the batch; an event that a newer one, or an erasure, has overtaken is stale.

    The ids of one customer may be in partitions of different pace: what comes after the erasure is
    ignored, and it takes away what came before it.
    """
    customer_events = [
        None if isinstance(event.data, consumed.CustomerErased) else _customer_event(event)
        for event in events
    ]
    erased = await list_erased(tx, [event.key for event in customer_events if event is not None])
    wanted = [e for e in customer_events if e is not None and e.customer_id not in erased]
    answers = iter(await project_customers(tx, wanted, now=now) if wanted else ())
    # Only now: the events before it may have brought identifiers by which the person is found.
    announced = [_announced(e) for e in events if isinstance(e.data, consumed.CustomerErased)]
    if announced:
        await begin_erasures(tx, announced, now=now)
    return [_outcome(event, erased, answers) for event in customer_events]


def _customer_event(event: Received) -> CustomerEvent:
    return _READERS[type(event.data)](event)


def _outcome(
    event: CustomerEvent | None, erased: AbstractSet[UUID], answers: Iterator[bool]
) -> Outcome:
    if event is None:
        return Applied()
    if event.customer_id in erased:
        return Ignored("erased")
    return Applied() if next(answers) else Ignored("stale_version")


def _announced(event: Received) -> AnnouncedErasure:
    data: consumed.CustomerErased = event.data
    return AnnouncedErasure(
        event.envelope.tenant_id, data.erasure_id, tuple(sorted(data.customer_ids))
    )


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
    pointers = _hearsay(event, data.survivor_id, data.absorbed_ids)
    return _event(event, data.survivor_id, change=change, pointers=pointers)


def _redirected(event: Received) -> CustomerEvent:
    data: consumed.CustomerRedirected = event.data
    version = event.envelope.sequence
    pointer = Pointer(data.customer_id, data.survivor_id, _at(event), version)
    return _event(event, data.customer_id, pointers=(pointer,))


def _unmerged(event: Received) -> CustomerEvent:
    """Undo a merge; the restored customer's own event also asks for what it said meanwhile."""
    data: consumed.CustomerUnmerged = event.data
    change = ProfileChange(
        version=event.envelope.sequence,
        attributes=data.attributes,
        snapshot=_identifiers(data.identifiers),
    )
    pointers = [Pointer(data.customer_id, data.customer_id, _at(event), event.envelope.sequence)]
    pointers += _hearsay(event, data.customer_id, data.merged_ids)
    for restored in data.restored:
        own = restored.customer_id
        pointers.append(Pointer(own, own, _at(event), restored.version))
        pointers += _hearsay(event, own, restored.merged_ids)
    refiling = None
    if data.customer_id != data.survivor_id:
        refiling = Refiling(
            tenant_id=event.envelope.tenant_id,
            customer_id=data.customer_id,
            from_id=data.survivor_id,
            cause=f"undo {data.undo_of}",
            contact_keys=_contact_keys(data.identifiers),
            since=data.merged_at,
        )
    return _event(
        event, data.customer_id, change=change, pointers=tuple(pointers), refiling=refiling
    )


def _hearsay(event: Received, target_id: UUID, customer_ids: Sequence[UUID]) -> tuple[Pointer, ...]:
    """Return where ids lead, until events on their own keys say it."""
    return tuple(Pointer(i, target_id, _at(event)) for i in customer_ids if i != target_id)


def _split(event: Received) -> CustomerEvent:
    data: consumed.CustomerSplit = event.data
    refiling = None
    if data.history_from is not None:
        refiling = Refiling(
            tenant_id=event.envelope.tenant_id,
            customer_id=data.new_customer_id,
            from_id=data.customer_id,
            cause=f"split {event.envelope.id}",
            contact_keys=_contact_keys(data.identifiers),
            since=data.history_from,
        )
    return _event(event, data.customer_id, refiling=refiling)


def _added(event: Received) -> CustomerEvent:
    data: consumed.IdentifierAdded = event.data
    change = ProfileChange(version=event.envelope.sequence, added=_identifiers([data.identifier]))
    return _event(event, data.customer_id, change=change)


def _removed(event: Received) -> CustomerEvent:
    data: consumed.IdentifierRemoved = event.data
    change = ProfileChange(version=event.envelope.sequence, removed=_identifiers([data.identifier]))
    return _event(event, data.customer_id, change=change)


def _claimed(event: Received) -> CustomerEvent:
    data: consumed.IdentifierClaimed = event.data
    [identifier] = _identifiers([data.identifier])
    version = event.envelope.sequence
    claim = Claim(identifier, data.held_by, event.envelope.occurred_at, data.expires_at, version)
    return _event(event, data.customer_id, change=ProfileChange(version=version, claimed=(claim,)))


_READERS: Mapping[type[Any], Callable[[Received], CustomerEvent]] = {
    consumed.CustomerCreated: _created,
    consumed.CustomerUpdated: _updated,
    consumed.CustomerMerged: _merged,
    consumed.CustomerRedirected: _redirected,
    consumed.CustomerUnmerged: _unmerged,
    consumed.CustomerSplit: _split,
    consumed.IdentifierAdded: _added,
    consumed.IdentifierRemoved: _removed,
    consumed.IdentifierClaimed: _claimed,
}


def _event(event: Received, customer_id: Any, **parts: Any) -> CustomerEvent:
    return CustomerEvent(
        tenant_id=event.envelope.tenant_id,
        customer_id=customer_id,
        at=_at(event),
        **parts,
    )


def _at(event: Received) -> Moment:
    return Moment(event.envelope.occurred_at, event.envelope.recorded_at)


def _identifiers(identifiers: Sequence[consumed.ConsumedIdentifier]) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(type=i.type, value=i.value, scope=i.scope, raw=i.raw, level=i.level)
        for i in identifiers
    )


def _contact_keys(identifiers: Sequence[consumed.ConsumedIdentifier]) -> tuple[str, ...]:
    """Return what stands for each identifier as a contact, as the history keeps it."""
    keys = (key_of_identity(i.type, i.scope, i.value) for i in identifiers)
    return tuple(sorted(contact_key_of(key) for key in keys if key is not None))
