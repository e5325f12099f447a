"""What identity's events share: their topic, the shape of an identifier, and example data."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.web.requests import JsonTime
from identity.customers.domain import identifiers
from identity.customers.domain.attributes import AttributeValue
from identity.customers.shown import (
    FirstSpelling,
    NormalisedValue,
    ShownLevel,
    ShownScope,
    ShownType,
)

TOPIC = "identity.customers"

EMAIL = {
    "type": "email",
    "value": "anna.lindqvist@nordlys.se",
    "raw": "Anna.Lindqvist@Nordlys.se",
    "scope": None,
    "level": "verified",
}
PHONE = {
    "type": "phone",
    "value": "+46701740605",
    "raw": "+46 70 174 06 05",
    "scope": None,
    "level": "channel_proved",
}
BOS_PHONE = {
    "type": "phone",
    "value": "+46701740606",
    "raw": "+46 70 174 06 06",
    "scope": None,
    "level": "claimed",
}
NUMBER = {
    "type": "external_id",
    "value": "C-20417",
    "raw": "C-20417",
    "scope": "webshop",
    "level": "channel_proved",
}
ATTRIBUTES = {"name": "Anna Lindqvist", "language": "sv", "tier": "gold"}
PLATINUM = ATTRIBUTES | {"tier": "platinum"}

MergeId = Annotated[
    UUID,
    Field(
        description="The id of the merge, the same in ``identity.customer.merged`` and"
        " ``identity.customer.redirected``."
    ),
]


UndoOf = Annotated[
    UUID | None,
    Field(description="The merge whose undoing caused this event; null for any other cause."),
]
ExternalRefs = Annotated[
    dict[str, list[str]],
    Field(
        description="The customer's records in other systems: the values of its own numbers"
        " (``external_id``, ``account_id`` and the like) by scope, sorted; an empty name stands for"
        " those without a scope."
    ),
]


def example_config(data: dict[str, Any]) -> ConfigDict:
    """Return the configuration of an event class, with ``data`` as its example."""
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [data]})


class Provenance(BaseModel):
    """Where the value of an attribute comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(
        description="The system that reported it, or the credential of a caller who set it."
    )
    level: ShownLevel
    observed_at: JsonTime = Field(description="When the value was true.")
    ingested_at: JsonTime = Field(description="When identity received it.")

    @classmethod
    def of(cls, value: AttributeValue) -> "Provenance":
        return cls.model_validate(
            {
                "source": value.source,
                "level": value.level.label,
                "observed_at": value.observed_at,
                "ingested_at": value.ingested_at,
            }
        )


class Identifier(BaseModel):
    """``value`` is the normalised form, ``raw`` the first spelling that was seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ShownType
    value: NormalisedValue
    raw: FirstSpelling
    scope: ShownScope
    level: ShownLevel

    @classmethod
    def of(cls, identifier: identifiers.Identifier) -> "Identifier":
        key = identifier.key
        return cls.model_validate(
            {
                "type": key.type,
                "value": key.value,
                "raw": identifier.raw,
                "scope": key.scope or None,
                "level": identifier.level.label,
            }
        )
