"""Erases a customer: at once from everything that can be read, then from logs and queues."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.erasing import begin_erasure, needles_of
from common.errors import ErrorCode, FieldError, InvalidError, NotFoundError
from common.ids import new_id
from common.messaging import outbox
from identity.customers.domain.denials import DenialKind, DenyKeys
from identity.customers.store.customers import list_customers_by_ids
from identity.customers.store.denials import insert_denials
from identity.events.published import CustomerErasedV1
from identity.groups.usecases.remove_contact_points import (
    RemoveContactPoints,
    remove_contact_points,
)
from identity.groups.usecases.remove_memberships import RemoveMemberships, remove_memberships
from identity.matching.store.queue import lock_out_matching
from identity.privacy.domain.erasures import Erasure
from identity.privacy.store.erasures import find_erasure_of, insert_erasure
from identity.privacy.store.persons import Person, count_rows, delete_person, find_person
from identity.resolution.store.locks import Locks


@dataclass(frozen=True, slots=True)
class EraseCustomer:
    """Erase the customer that an id leads to. ``dry_run`` only counts."""

    tenant_id: str
    customer_id: UUID
    reason: str
    actor: str
    deny_keys: DenyKeys
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ErasureRequested:
    """The erasure, which is stored unless it is a ``dry_run``; ``repeated`` if it was before."""

    erasure: Erasure
    repeated: bool = False


async def erase_customer(
    tx: Transaction, command: EraseCustomer, *, now: datetime
) -> ErasureRequested:
    """Erase every member of the customer's cluster; a customer that is erased stays so.

    From this transaction on nobody finds the person. The steps that follow (``Eraser``) take what
    only a search finds. Raises NotFoundError for an id never issued, InvalidError for a reason
    that names the person.
    """
    tenant_id = command.tenant_id
    await lock_out_matching(tx)
    ids = await _lock_members(tx, tenant_id, command.customer_id)
    if not ids:
        earlier = await find_erasure_of(tx, tenant_id, command.customer_id)
        if earlier is None:
            raise NotFoundError("there is no such customer")
        return ErasureRequested(earlier, repeated=True)
    person = await find_person(tx, tenant_id, ids)
    _check_reason(command.reason, person)
    erasure = Erasure(
        tenant_id=tenant_id,
        erasure_id=new_id(),
        customer_ids=tuple(ids),
        reason=command.reason,
        actor=command.actor,
        denied_keys=len(person.keys),
        counts={},
        requested_at=now,
    )
    if command.dry_run:
        counts = await count_rows(tx, tenant_id, ids, person)
        return ErasureRequested(replace(erasure, counts=counts))
    return ErasureRequested(await _erase(tx, command, erasure, person))


async def _erase(
    tx: Transaction, command: EraseCustomer, erasure: Erasure, person: Person
) -> Erasure:
    tenant_id, ids, now = erasure.tenant_id, erasure.customer_ids, erasure.requested_at
    digests = [command.deny_keys.digest(tenant_id, key) for key in person.keys]
    await insert_denials(
        tx, tenant_id, digests, DenialKind.ERASED, cause_id=erasure.erasure_id, now=now
    )
    await begin_erasure(
        tx, tenant_id, erasure.erasure_id, subject_ids=ids, values=person.values, now=now
    )
    counts = {
        "group_member": await remove_memberships(tx, RemoveMemberships(tenant_id, ids), now=now),
        "group_contact_point": await remove_contact_points(
            tx, RemoveContactPoints(tenant_id, person.keys), now=now
        ),
    }
    counts |= await delete_person(tx, tenant_id, ids, person)
    erased = replace(erasure, counts=counts)
    await insert_erasure(tx, erased)
    await outbox.record(tx, _events(erased, person, now))
    return erased


async def _lock_members(tx: Transaction, tenant_id: str, customer_id: UUID) -> list[UUID]:
    """Return the ids of the cluster, the canonical one first; no merge can change it any more."""
    locks = Locks(tenant_id)
    while True:
        customers = await list_customers_by_ids(tx, tenant_id, [customer_id])
        if not customers:
            return []
        [customer] = customers
        members = frozenset({customer.id, *customer.merged_ids})
        if locks.cover(frozenset(), members):
            return [customer.id, *customer.merged_ids]
        await locks.take(tx, frozenset(), members)


def _check_reason(reason: str, person: Person) -> None:
    """Refuse a reason that would keep what is to be erased."""
    if any(needle in reason.lower() for needle in needles_of(person.versions, person.values)):
        problem = FieldError(
            "/reason", ErrorCode.INVALID_VALUE, "must not contain an identifier of the customer"
        )
        raise InvalidError("the reason would outlive the erasure", errors=[problem])


def _events(erasure: Erasure, person: Person, now: datetime) -> Iterator[outbox.OutboxEvent]:
    """Yield an event on the key of each id, so that every consumer of any of them is told."""
    for customer_id in erasure.customer_ids:
        yield outbox.OutboxEvent(
            data=CustomerErasedV1(
                erasure_id=erasure.erasure_id,
                customer_id=customer_id,
                canonical_id=erasure.customer_ids[0],
                customer_ids=list(erasure.customer_ids),
                erased_at=now,
            ),
            tenant_id=erasure.tenant_id,
            key=str(customer_id),
            subject_id=str(customer_id),
            sequence=person.versions[customer_id] + 1,
            occurred_at=now,
            now=now,
        )
