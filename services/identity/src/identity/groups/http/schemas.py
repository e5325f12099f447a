"""The bodies of requests about groups, and of their responses."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import override

from common.web.requests import (
    JsonTime,
    Name,
    RequestModel,
    ResponseModel,
    ShortText,
    Slug,
    Timestamp,
    without_nul,
)
from identity.customers.domain.attributes import MAX_ATTRIBUTE_BYTES
from identity.customers.http.requested import (
    AttributeJson,
    AttributeName,
    IdentifierType,
    Region,
)
from identity.customers.shown import (
    SCOPE,
    TYPE,
    CanonicalId,
    FirstSpelling,
    MaskedAttributes,
    NormalisedValue,
    ShownScope,
    ShownType,
)
from identity.groups.shown import (
    EXTERNAL_ID,
    GroupId,
    GroupName,
    KindName,
    MemberCount,
    MemberSource,
    Role,
    ShownKind,
    ValidFrom,
    ValidUntil,
)

MAX_CONTACT_POINTS = 50
MAX_ATTRIBUTES = 100
DEFAULT_ROLE = "member"

_Value = Annotated[
    str, StringConstraints(min_length=1, max_length=4_096), AfterValidator(without_nul)
]
_REGION = Field(
    default=None,
    description="The country (ISO 3166) of telephone numbers without a country code; absent or null"
    " means the service's default.",
)


class ExternalIdBody(RequestModel, title="GroupExternalIdRequest"):
    """The id of a group in the system that keeps it."""

    source: Name = Field(description="The system, such as ``crm``; ids are unique within it.")
    id: _Value = Field(description="The id there, exact in case; a placeholder is refused.")


class ContactPointBody(RequestModel, title="GroupContactPointRequest"):
    """An address or number that the people of a group share."""

    type: IdentifierType = Field(description=TYPE)
    value: _Value = Field(description="The contact point in any spelling.")
    scope: ShortText | None = Field(default=None, description=SCOPE)


class GroupRequest(RequestModel):
    """A household or an account, as the system that keeps it describes it."""

    external_id: ExternalIdBody = Field(description=EXTERNAL_ID)
    kind: KindName = Field(
        description="``household`` (people who live together) or ``account`` (an organisation and"
        " the people who act for it)."
    )
    name: Name | None = Field(default=None, description="What people call the group.")
    attributes: dict[AttributeName, AttributeJson] = Field(
        default_factory=dict,
        max_length=MAX_ATTRIBUTES,
        description=f"All attributes of the group: any JSON by name, up to {MAX_ATTRIBUTE_BYTES}"
        " bytes each; null means the same as absence.",
    )
    contact_points: list[ContactPointBody] = Field(
        default=[],
        max_length=MAX_CONTACT_POINTS,
        description="All addresses and numbers that its people share: a landline, a shared mailbox,"
        " a reception. Several groups may have the same one.",
    )
    default_region: Region | None = _REGION

    @override
    def quota_cost(self) -> int:
        return 1 + len(self.contact_points)


class GroupLookupRequest(RequestModel):
    """What to look for: a contact point, or a group's id in another system.

    For the latter, ``type`` is ``external_id``, and ``scope`` the source.
    """

    identifier: ContactPointBody = Field(description="What the groups have.")
    default_region: Region | None = _REGION


class MemberRequest(RequestModel):
    """One customer's role in a group."""

    role: Slug = Field(
        default=DEFAULT_ROLE,
        description="What the customer is in the group, such as ``parent`` or ``buyer``. A customer"
        f" may have several roles; absent means ``{DEFAULT_ROLE}``.",
    )
    valid_from: Timestamp | None = Field(
        default=None, description="When the membership begins; absent or null if not known."
    )
    valid_until: Timestamp | None = Field(
        default=None,
        description="When the membership ends, that instant excluded; absent or null if it has no"
        " end. Set it, rather than removing the member, to keep the past.",
    )
    source: Name | None = Field(
        default=None, description="The system or person that reports it; absent or null for none."
    )


class ExternalIdResponse(ResponseModel, title="GroupExternalId"):
    """The id of a group in the system that keeps it."""

    source: str = Field(description="The system, within which the id is unique.")
    id: str = Field(description="The id there; without ``pii:read`` it is masked.")


class ContactPointResponse(ResponseModel, title="GroupContactPoint"):
    """``value`` is the normalised form, ``raw`` the caller's spelling; masked like identifiers."""

    type: ShownType
    value: NormalisedValue
    scope: ShownScope
    raw: FirstSpelling


class GroupResponse(ResponseModel, title="Group"):
    """A household or an account. Without ``pii:read``, names, values and attributes are masked."""

    group_id: GroupId
    kind: ShownKind
    external_id: ExternalIdResponse = Field(description=EXTERNAL_ID)
    name: GroupName
    attributes: MaskedAttributes
    contact_points: list[ContactPointResponse] = Field(
        description="The addresses and numbers that its people share, sorted by type, scope and"
        " value."
    )
    members: MemberCount
    version: int = Field(
        description="The number of changes to the group and its members: the ``sequence`` of its"
        " last event."
    )
    created_at: JsonTime = Field(description="When the group was created.")
    updated_at: JsonTime = Field(description="When the group or one of its members last changed.")


class GroupList(ResponseModel):
    """A page of groups."""

    items: list[GroupResponse] = Field(description="Groups in the order of their creation.")
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )


class MemberResponse(ResponseModel, title="GroupMember"):
    """A customer's role in a group."""

    group_id: GroupId
    customer_id: CanonicalId
    added_as: UUID = Field(
        description="The id under which the customer was added. A merge does not change it, so a"
        " customer that was merged may have one role under several ids."
    )
    role: Role
    valid_from: ValidFrom
    valid_until: ValidUntil
    source: MemberSource


class MemberList(ResponseModel, title="GroupMemberList"):
    """A page of the members of a group."""

    items: list[MemberResponse] = Field(
        description="Memberships in the order of ``added_as`` and ``role``."
    )
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )


class CustomerGroupResponse(ResponseModel, title="CustomerGroup"):
    """A group that a customer belongs to, and the customer's role in it."""

    group_id: GroupId
    kind: ShownKind
    external_id: ExternalIdResponse = Field(description=EXTERNAL_ID)
    name: GroupName
    added_as: UUID = Field(description="The id of the customer under which it was added.")
    role: Role
    valid_from: ValidFrom
    valid_until: ValidUntil
    source: MemberSource


class CustomerGroupList(ResponseModel):
    """A page of a customer's groups."""

    items: list[CustomerGroupResponse] = Field(
        description="Memberships in the order of ``group_id``, ``added_as`` and ``role``."
    )
    next: str | None = Field(
        description="The ``cursor`` that reads the next page; null on the last page."
    )
