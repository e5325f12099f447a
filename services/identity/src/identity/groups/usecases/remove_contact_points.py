"""Takes contact points of an erased person out of every group."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from common.db import Transaction
from common.messaging import outbox
from identifiers import IdentifierKey
from identity.groups.domain.changes import GroupUpdated
from identity.groups.events.announcing import announce
from identity.groups.store.groups import lock_groups_by_keys, save_group_draft


@dataclass(frozen=True, slots=True)
class RemoveContactPoints:
    """``keys`` are the contact points that no group may have any more."""

    tenant_id: str
    keys: Collection[IdentifierKey]


async def remove_contact_points(
    tx: Transaction, command: RemoveContactPoints, *, now: datetime
) -> int:
    """Return how many contact points were removed; each group that had some is announced."""
    tenant_id, keys = command.tenant_id, frozenset(command.keys)
    changes: list[GroupUpdated] = []
    removed = 0
    for current in await lock_groups_by_keys(tx, tenant_id, keys):
        points = current.draft.contact_points
        kept = tuple(point for point in points if point.key not in keys)
        removed += len(points) - len(kept)
        after = current.following(now=now)
        group = replace(after, draft=replace(current.draft, contact_points=kept))
        await save_group_draft(tx, tenant_id, group)
        changes.append(GroupUpdated(group, ("contact_points",)))
    if changes:
        await outbox.record(tx, announce(changes, tenant_id=tenant_id, now=now))
    return removed
