"""Fields of groups and memberships that requests, responses and events share, described once."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonTime

KindName = Literal["household", "account"]
"""The values of ``GroupKind``."""

GroupId = Annotated[UUID, Field(description="The id of the group.")]
ShownKind = Annotated[
    KindName,
    Field(
        description="What the group is: ``household`` (people who live together) or ``account`` (an"
        " organisation and the people who act for it)."
    ),
]
EXTERNAL_ID = "The id of the group in the system that keeps it, by which it is saved."
GroupName = Annotated[
    str | None, Field(description="What people call the group; null if it has no name.")
]
MemberCount = Annotated[
    int, Field(description="How many memberships the group has, ended ones included.")
]
Role = Annotated[
    str,
    Field(description="What the customer is in the group, such as ``parent`` or ``buyer``."),
]
ValidFrom = Annotated[
    JsonTime | None,
    Field(description="When the membership begins; null if that is not known."),
]
ValidUntil = Annotated[
    JsonTime | None,
    Field(description="When the membership ends, that instant excluded; null if it has no end."),
]
MemberSource = Annotated[
    str | None, Field(description="The system or person that reported it; null if none was named.")
]
