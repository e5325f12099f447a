"""Brings the contact points of groups to the normaliser's present version, a group at a time."""

from dataclasses import dataclass, replace
from datetime import datetime

from common.db import Transaction
from common.messaging import outbox
from identity.groups.domain.changes import GroupUpdated
from identity.groups.domain.contact_points import read_again
from identity.groups.domain.groups import changed_fields
from identity.groups.events.announcing import announce
from identity.groups.store.groups import lock_group_of_older_keys, save_group_draft


@dataclass(frozen=True, slots=True)
class RekeyContactPoints:
    """``default_region`` is the country of telephone numbers that were saved without one."""

    default_region: str | None


async def rekey_contact_points(
    tx: Transaction, command: RekeyContactPoints, *, now: datetime
) -> int:
    """Return 1 after reading the contact points of one group again, 0 when all are current."""
    older = await lock_group_of_older_keys(tx)
    if older is None:
        return 0
    tenant_id, current = older
    points = read_again(current.draft.contact_points, region=command.default_region)
    draft = replace(current.draft, contact_points=points)
    changed = changed_fields(current.draft, draft)
    group = replace(current.following(now=now) if changed else current, draft=draft)
    await save_group_draft(tx, tenant_id, group)
    if changed:
        event = GroupUpdated(group, changed)
        await outbox.record(tx, announce([event], tenant_id=tenant_id, now=now))
    return 1
