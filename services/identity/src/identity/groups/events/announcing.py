"""Turns changes to groups into the events that announce them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import singledispatch
from typing import Any
from uuid import UUID

from common.messaging import EventData, outbox
from identity.groups.domain import changes
from identity.groups.domain.groups import ContactPoint, Group
from identity.groups.events.published import (
    GroupContactPoint,
    GroupCreatedV1,
    GroupExternalId,
    GroupMemberAddedV1,
    GroupMemberRemovedV1,
    GroupRemovedV1,
    GroupUpdatedV1,
)


def announce(
    group_changes: Iterable[changes.GroupChange], *, tenant_id: str, now: datetime
) -> Iterator[outbox.OutboxEvent]:
    """Yield the events for the outbox, in order; each group's version is its sequence."""
    for change in group_changes:
        group_id, version = _subject(change)
        yield outbox.OutboxEvent(
            data=_event(change),
            tenant_id=tenant_id,
            key=str(group_id),
            subject_id=str(group_id),
            sequence=version,
            occurred_at=now,
            now=now,
        )


def _subject(change: changes.GroupChange) -> tuple[UUID, int]:
    if isinstance(change, changes.MemberAdded | changes.MemberRemoved):
        return change.group_id, change.version
    return change.group.id, change.group.version


@singledispatch
def _event(change: object) -> EventData:
    raise TypeError(f"no event announces {type(change).__name__}")


@_event.register
def _(change: changes.GroupCreated) -> EventData:
    return GroupCreatedV1(**_described(change.group))


@_event.register
def _(change: changes.GroupUpdated) -> EventData:
    return GroupUpdatedV1(**_described(change.group), changed=list(change.changed))


@_event.register
def _(change: changes.GroupRemoved) -> EventData:
    return GroupRemovedV1(group_id=change.group.id, kind=change.group.draft.kind.value)


@_event.register
def _(change: changes.MemberAdded) -> EventData:
    return GroupMemberAddedV1(**_membership(change))


@_event.register
def _(change: changes.MemberRemoved) -> EventData:
    return GroupMemberRemovedV1(**_membership(change))


def _described(group: Group) -> dict[str, Any]:
    draft = group.draft
    return {
        "group_id": group.id,
        "kind": draft.kind.value,
        "external_id": GroupExternalId(source=draft.external_id.source, id=draft.external_id.id),
        "name": draft.name,
        "attributes": dict(draft.attributes),
        "contact_points": [_contact_point(point) for point in draft.contact_points],
        "members": group.member_count,
        "created_at": group.created_at,
    }


def _membership(change: changes.MemberAdded | changes.MemberRemoved) -> dict[str, Any]:
    membership = change.membership
    return {
        "group_id": change.group_id,
        "kind": change.kind.value,
        "customer_id": membership.customer_id,
        "role": membership.role,
        "valid_from": membership.valid_from,
        "valid_until": membership.valid_until,
        "source": membership.source,
    }


def _contact_point(point: ContactPoint) -> GroupContactPoint:
    return GroupContactPoint(
        type=point.key.type, value=point.key.value, scope=point.key.scope or None, raw=point.raw
    )
