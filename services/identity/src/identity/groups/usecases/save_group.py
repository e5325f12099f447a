"""Creates a group, or describes it again, by its id in the system that keeps it."""

from dataclasses import dataclass, replace
from datetime import datetime

from common.db import Transaction
from common.errors import PreconditionError
from common.etags import ExpectedEtag
from common.ids import new_id
from common.messaging import outbox
from identity.groups.domain.changes import GroupChange, GroupCreated, GroupUpdated
from identity.groups.domain.groups import Group, GroupDraft, changed_fields, create_group
from identity.groups.events.announcing import announce
from identity.groups.store.groups import insert_group, lock_group_by_external_id, save_group_draft


@dataclass(frozen=True, slots=True)
class SaveGroup:
    """With ``expected``, a group with that ETag must exist, and is replaced."""

    tenant_id: str
    draft: GroupDraft
    expected: ExpectedEtag | None = None


async def save_group(tx: Transaction, command: SaveGroup, *, now: datetime) -> Group:
    """Return the group as described; describing it again in the same way changes nothing.

    Its members stay. Raises PreconditionError when it is not the expected one.
    """
    while True:
        external_id = command.draft.external_id
        current = await lock_group_by_external_id(tx, command.tenant_id, external_id)
        if current is not None:
            return await _describe_again(tx, command, current, now)
        if command.expected is not None:
            raise PreconditionError("there is no such group; create it without If-Match")
        group = create_group(command.draft, group_id=new_id(), now=now)
        if await insert_group(tx, command.tenant_id, group):
            await _announce(tx, command, GroupCreated(group), now)
            return group
        # Another request has just created it: the next look finds it.


async def _describe_again(
    tx: Transaction, command: SaveGroup, current: Group, now: datetime
) -> Group:
    if command.expected is not None:
        command.expected.check(str(current.id), current.version)
    changed = changed_fields(current.draft, command.draft)
    if not changed:
        return current
    group = replace(current.following(now=now), draft=command.draft)
    await save_group_draft(tx, command.tenant_id, group)
    await _announce(tx, command, GroupUpdated(group, changed), now)
    return group


async def _announce(
    tx: Transaction, command: SaveGroup, change: GroupChange, now: datetime
) -> None:
    await outbox.record(tx, announce([change], tenant_id=command.tenant_id, now=now))
