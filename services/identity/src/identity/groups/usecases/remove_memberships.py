"""Takes customers out of every group, as erasure does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.messaging import outbox
from identity.groups.domain.changes import GroupChange, removed
from identity.groups.events.announcing import announce
from identity.groups.store.groups import lock_groups_of_customers
from identity.groups.store.members import delete_memberships_of, list_memberships_of


@dataclass(frozen=True, slots=True)
class RemoveMemberships:
    """``customer_ids`` are exactly the ids that leave; no alias is followed."""

    tenant_id: str
    customer_ids: Sequence[UUID]


async def remove_memberships(tx: Transaction, command: RemoveMemberships, *, now: datetime) -> int:
    """Return how many memberships were removed.

    The caller has locked the customers and their aliases, so that nobody adds one of them again.
    """
    tenant_id, ids = command.tenant_id, command.customer_ids
    current = await lock_groups_of_customers(tx, tenant_id, ids)
    if not current:
        return 0
    memberships = await list_memberships_of(tx, tenant_id, ids)
    changes: list[GroupChange] = []
    after = []
    for group in current:
        gone = memberships.get(group.id, [])
        changes += removed(group, gone)
        after.append(group.following(members=-len(gone), changes=len(gone), now=now))
    await delete_memberships_of(tx, tenant_id, ids, after, now=now)
    await outbox.record(tx, announce(changes, tenant_id=tenant_id, now=now))
    return len(changes)
