"""Removes a group, and with it its contact points and memberships."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.errors import NotFoundError, PreconditionError
from common.etags import ExpectedEtag
from common.messaging import outbox
from identity.groups.domain.changes import GroupRemoved
from identity.groups.events.announcing import announce
from identity.groups.store.groups import delete_group, find_removed, lock_group


@dataclass(frozen=True, slots=True)
class RemoveGroup:
    tenant_id: str
    group_id: UUID
    expected: ExpectedEtag | None = None


async def remove_group(tx: Transaction, command: RemoveGroup, *, now: datetime) -> None:
    """Remove the group; removing it again changes nothing. Its external id is free again.

    Raises NotFoundError for an unknown id, PreconditionError when it is not the expected group.
    """
    is_removed = await find_removed(tx, command.tenant_id, command.group_id)
    if is_removed is None:
        raise NotFoundError("there is no such group")
    if is_removed:
        _check_nothing_expected(command)
        return
    current = await lock_group(tx, command.tenant_id, command.group_id)
    if command.expected is not None:
        command.expected.check(str(current.id), current.version)
    group = current.following(members=-current.member_count, now=now)
    await delete_group(tx, command.tenant_id, group)
    await outbox.record(tx, announce([GroupRemoved(group)], tenant_id=command.tenant_id, now=now))


def _check_nothing_expected(command: RemoveGroup) -> None:
    if command.expected is not None:
        raise PreconditionError("the group was removed")
