"""What identity tells the world: topic ``identity.customers``, keyed by customer.

The sequence of each event is the customer's version, without a gap from 1.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from common.messaging import EventData, rfc3339
from identity.customers.domain import identifiers

TOPIC = "identity.customers"

Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

_ANNA = "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21"
_ANNA_BY_PHONE = "0199a1c4-02b7-7e8a-8f60-91c2d4e6a803"
_MERGE = "0199a1c9-7f15-7c44-b3d8-5e2a6f0c9b17"
_EMAIL = {
    "type": "email",
    "value": "anna.lindqvist@nordlys.se",
    "raw": "Anna.Lindqvist@Nordlys.se",
    "scope": None,
    "level": "verified",
}
_PHONE = {
    "type": "phone",
    "value": "+46701740605",
    "raw": "070-174 06 05",
    "scope": None,
    "level": "channel_proved",
}
_NUMBER = {
    "type": "external_id",
    "value": "C-20417",
    "raw": "C-20417",
    "scope": "webshop",
    "level": "claimed",
}
_ATTRIBUTES = {"name": "Anna Lindqvist", "language": "sv", "tier": "gold"}


def _example(data: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [data]})


class Identifier(BaseModel):
    """``value`` is the normalised form, ``raw`` the spelling in which it was first given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    value: str
    raw: str
    scope: str | None
    level: Literal["claimed", "channel_proved", "verified"]

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


class CustomerCreatedV1(EventData):
    """A customer was met for the first time, with everything known from the start."""

    model_config = _example(
        {
            "customer_id": _ANNA,
            "attributes": _ATTRIBUTES,
            "identifiers": [_EMAIL, _NUMBER],
            "created_at": "2026-09-14T08:31:22.417000Z",
        }
    )
    event_type: ClassVar[str] = "identity.customer.created"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    attributes: dict[str, Any]
    identifiers: list[Identifier]
    created_at: Moment


class CustomerUpdatedV1(EventData):
    """``attributes`` is all that is known now; a name in ``changed`` but not there was cleared."""

    model_config = _example(
        {
            "customer_id": _ANNA,
            "attributes": _ATTRIBUTES | {"tier": "platinum"},
            "changed": ["tier"],
        }
    )
    event_type: ClassVar[str] = "identity.customer.updated"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    attributes: dict[str, Any]
    changed: list[str]


class CustomerMergedV1(EventData):
    """On the survivor's key: all ``absorbed_ids`` answer with the survivor from now on.

    ``attributes`` and ``identifiers`` are all of the survivor's after the merge. ``external_refs``
    names the customers' records in other systems, by system.
    """

    model_config = _example(
        {
            "merge_id": _MERGE,
            "survivor_id": _ANNA,
            "absorbed_ids": [_ANNA_BY_PHONE],
            "reason": "proved to be one person",
            "rule": "proved-identifiers.v1",
            "actor": "engine",
            "evidence": [
                {
                    "customer_id": _ANNA,
                    "type": "email",
                    "scope": None,
                    "value": "anna.lindqvist@nordlys.se",
                    "level": "verified",
                },
                {
                    "customer_id": _ANNA_BY_PHONE,
                    "type": "phone",
                    "scope": None,
                    "value": "+46701740605",
                    "level": "channel_proved",
                },
            ],
            "attributes": _ATTRIBUTES,
            "identifiers": [_EMAIL, _NUMBER, _PHONE],
            "undo_of": None,
            "external_refs": {},
        }
    )
    event_type: ClassVar[str] = "identity.customer.merged"
    topic: ClassVar[str] = TOPIC

    merge_id: UUID
    survivor_id: UUID
    absorbed_ids: list[UUID]
    reason: str
    rule: str
    actor: str
    evidence: list[dict[str, Any]]
    attributes: dict[str, Any]
    identifiers: list[Identifier]
    undo_of: UUID | None = None
    external_refs: dict[str, Any]


class CustomerRedirectedV1(EventData):
    """On an absorbed customer's key: whoever follows it finds the survivor."""

    model_config = _example(
        {
            "customer_id": _ANNA_BY_PHONE,
            "survivor_id": _ANNA,
            "merge_id": _MERGE,
        }
    )
    event_type: ClassVar[str] = "identity.customer.redirected"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    survivor_id: UUID
    merge_id: UUID


class IdentifierAddedV1(EventData):
    """The customer has a new identifier, or a better proof of one: the last word on it counts."""

    model_config = _example({"customer_id": _ANNA, "identifier": _PHONE})
    event_type: ClassVar[str] = "identity.identifier.added"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    identifier: Identifier


class IdentifierRemovedV1(EventData):
    """The identifier names this customer no longer."""

    model_config = _example({"customer_id": _ANNA, "identifier": _PHONE})
    event_type: ClassVar[str] = "identity.identifier.removed"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    identifier: Identifier


PUBLISHED = (
    CustomerCreatedV1,
    CustomerUpdatedV1,
    CustomerMergedV1,
    CustomerRedirectedV1,
    IdentifierAddedV1,
    IdentifierRemovedV1,
)
"""Every event of this service, for the export of contracts."""
