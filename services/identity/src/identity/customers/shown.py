"""Fields of customers and identifiers that requests, responses and events share, described once."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from common.web.requests import JsonObject, JsonTime

LevelName = Literal["claimed", "channel_proved", "verified"]
"""The labels of ``Level``, the weakest first."""

TYPE = (
    "The kind of identifier: ``email``, ``phone``, ``whatsapp``, ``telegram``, ``messenger``,"
    " ``instagram``, ``slack``, ``viber``, ``external_id``, ``account_id``, ``loyalty_id``,"
    " ``device``, ``cookie``, or a type of the caller's own."
)
SCOPE = (
    "The namespace in which the value is unique, such as the shop system that issued a customer"
    " number; null if it has none."
)
LEVEL = (
    "How well the identifier is proved: ``claimed`` (someone said so), ``channel_proved`` (the"
    " channel saw it) or ``verified`` (the customer proved it)."
)
ATTRIBUTES = "The current attributes by name, each any JSON value; a cleared one is absent."

ShownType = Annotated[str, Field(description=TYPE)]
ShownScope = Annotated[str | None, Field(description=SCOPE)]
ShownLevel = Annotated[LevelName, Field(description=LEVEL)]
NormalisedValue = Annotated[
    str,
    Field(
        description="The normalised form, by which identifiers are compared, such as a telephone"
        " number in E.164."
    ),
]
FirstSpelling = Annotated[
    str, Field(description="The identifier as it was written when identity first saw it.")
]
Attributes = Annotated[JsonObject, Field(description=ATTRIBUTES)]
MaskedAttributes = Annotated[
    JsonObject,
    Field(
        description=f"{ATTRIBUTES} Without ``pii:read``, all but ``language``, ``locale``,"
        " ``timezone`` and ``tier`` are masked."
    ),
]
CanonicalId = Annotated[
    UUID, Field(description="The canonical id of the customer, to which its other ids lead.")
]
RetiredAt = Annotated[JsonTime, Field(description="When the customer was retired.")]
CreatedAt = Annotated[JsonTime, Field(description="When identity created the customer.")]
