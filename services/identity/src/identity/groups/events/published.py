"""The events of groups, on topic ``identity.groups``, keyed by group.

The sequence of an event is its group's version, gapless from 1.
"""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.messaging import EventData
from common.story import ANNA, LINDQVISTS
from identity.customers.shown import (
    Attributes,
    CreatedAt,
    FirstSpelling,
    NormalisedValue,
    ShownScope,
    ShownType,
)
from identity.groups.shown import (
    EXTERNAL_ID,
    GroupId,
    GroupName,
    MemberCount,
    MemberSource,
    Role,
    ShownKind,
    ValidFrom,
    ValidUntil,
)

TOPIC = "identity.groups"

_LANDLINE = {"type": "phone", "value": "+4686113000", "scope": None, "raw": "08-611 30 00"}
_MAILBOX = {
    "type": "email",
    "value": "familjen@lindqvist.se",
    "scope": None,
    "raw": "familjen@lindqvist.se",
}
_HOUSEHOLD: dict[str, Any] = {
    "group_id": LINDQVISTS,
    "kind": "household",
    "external_id": {"source": "crm", "id": "H-204"},
    "name": "Lindqvist, Stockholm",
    "attributes": {"newsletter": "paper"},
    "contact_points": [_LANDLINE],
    "members": 0,
    "created_at": "2026-11-23T13:10:00.000000Z",
}
_MEMBERSHIP: dict[str, Any] = {
    "group_id": LINDQVISTS,
    "kind": "household",
    "customer_id": ANNA,
    "role": "parent",
    "valid_from": "2021-06-01T00:00:00.000000Z",
    "valid_until": None,
    "source": "crm",
}


def _example(data: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [data]})


class GroupExternalId(BaseModel):
    """The id of a group in the system that keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(description="The system, within which the id is unique.")
    id: str = Field(description="The id there, exact in case.")


class GroupContactPoint(BaseModel):
    """``value`` is the normalised form, ``raw`` the spelling of the group's source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ShownType
    value: NormalisedValue
    scope: ShownScope
    raw: FirstSpelling


class GroupChanged(EventData):
    """The whole group after the change."""

    topic: ClassVar[str] = TOPIC

    group_id: GroupId
    kind: ShownKind
    external_id: GroupExternalId = Field(description=EXTERNAL_ID)
    name: GroupName
    attributes: Attributes
    contact_points: list[GroupContactPoint] = Field(
        description="The addresses and numbers that its people share, sorted by type, scope and"
        " value. They prove nothing about any of its members."
    )
    members: MemberCount
    created_at: CreatedAt


class GroupCreatedV1(GroupChanged):
    """A household or an account was created; it has no members yet."""

    model_config = _example(_HOUSEHOLD)
    event_type: ClassVar[str] = "identity.group.created"


class GroupUpdatedV1(GroupChanged):
    """The group was described again; ``changed`` names what differs."""

    model_config = _example(
        _HOUSEHOLD
        | {"contact_points": [_MAILBOX, _LANDLINE], "members": 1, "changed": ["contact_points"]}
    )
    event_type: ClassVar[str] = "identity.group.updated"

    changed: list[str] = Field(
        description="The fields that changed, sorted: ``attributes``, ``contact_points``, ``kind``,"
        " ``name``."
    )


class GroupRemovedV1(EventData):
    """The group was removed, and with it all of its memberships; no event tells of each."""

    model_config = _example({"group_id": LINDQVISTS, "kind": "household"})
    event_type: ClassVar[str] = "identity.group.removed"
    topic: ClassVar[str] = TOPIC

    group_id: GroupId
    kind: ShownKind


class MembershipChanged(EventData):
    """One customer's role in a group."""

    topic: ClassVar[str] = TOPIC

    group_id: GroupId
    kind: ShownKind
    customer_id: UUID = Field(
        description="The id under which the customer was added, followed through your redirects: a"
        " merge of customers changes no membership, so that it can be undone."
    )
    role: Role
    valid_from: ValidFrom
    valid_until: ValidUntil
    source: MemberSource


class GroupMemberAddedV1(MembershipChanged):
    """The customer has a role in the group, or another period of it; the last event counts."""

    model_config = _example(_MEMBERSHIP)
    event_type: ClassVar[str] = "identity.group.member_added"


class GroupMemberRemovedV1(MembershipChanged):
    """The customer no longer has the role, and is treated as if it had never had it."""

    model_config = _example(_MEMBERSHIP)
    event_type: ClassVar[str] = "identity.group.member_removed"
