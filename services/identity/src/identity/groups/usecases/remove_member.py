"""Takes a customer out of a group: of one role, or of all."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.messaging import outbox
from identity.groups.domain.changes import removed
from identity.groups.events.announcing import announce
from identity.groups.store.groups import lock_group
from identity.groups.store.members import delete_memberships, lock_person


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """``role`` None means every role. ``customer_id`` is any id of the customer."""

    tenant_id: str
    group_id: UUID
    customer_id: UUID
    role: str | None = None


async def remove_member(tx: Transaction, command: RemoveMember, *, now: datetime) -> None:
    """Remove the memberships of all ids of the customer; without any, change nothing.

    Raises NotFoundError for an unknown group or customer.
    """
    current = await lock_group(tx, command.tenant_id, command.group_id)
    _, person = await lock_person(tx, command.tenant_id, command.group_id, command.customer_id)
    gone = [
        membership
        for membership in sorted(person, key=lambda membership: membership.key)
        if command.role is None or membership.role == command.role
    ]
    if not gone:
        return
    group = current.following(members=-len(gone), changes=len(gone), now=now)
    await delete_memberships(tx, command.tenant_id, group, gone)
    await outbox.record(tx, announce(removed(current, gone), tenant_id=command.tenant_id, now=now))
