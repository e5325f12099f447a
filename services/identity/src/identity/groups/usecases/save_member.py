"""Gives a customer a role in a group, or changes its period."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import ConflictError
from common.messaging import outbox
from identity.groups.domain.changes import added
from identity.groups.domain.members import Membership, check_period, plan_membership
from identity.groups.events.announcing import announce
from identity.groups.store.groups import lock_group
from identity.groups.store.members import ShownMember, lock_person, save_memberships


@dataclass(frozen=True, slots=True)
class SaveMember:
    """``membership`` has the id that the caller named: any id of the customer."""

    tenant_id: str
    group_id: UUID
    membership: Membership
    max_members: int


async def save_member(tx: Transaction, command: SaveMember, *, now: datetime) -> ShownMember:
    """Return the membership; saving it again in the same way changes nothing.

    Raises InvalidError for a period that ends before it begins, NotFoundError for an unknown group
    or customer, ConflictError when the group is full.
    """
    wanted = command.membership
    check_period(wanted.valid_from, wanted.valid_until)
    current = await lock_group(tx, command.tenant_id, command.group_id)
    customer_id, person = await lock_person(
        tx, command.tenant_id, command.group_id, wanted.customer_id
    )
    planned, new = plan_membership(person, wanted)
    if new and current.member_count >= command.max_members:
        raise ConflictError(
            f"the group has {command.max_members} members, and may not have more; remove some first"
        )
    if planned:
        group = current.following(members=new, changes=len(planned), now=now)
        await save_memberships(tx, command.tenant_id, group, planned)
        events = announce(added(current, planned), tenant_id=command.tenant_id, now=now)
        await outbox.record(tx, events)
    shown = planned[0] if planned else _of_role(person, wanted)
    return ShownMember(command.group_id, customer_id, shown)


def _of_role(person: list[Membership], wanted: Membership) -> Membership:
    return next(membership for membership in person if membership.role == wanted.role)
