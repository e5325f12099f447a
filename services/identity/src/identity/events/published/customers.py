"""Events about customers: created, updated, merged, redirected."""

from typing import Any, ClassVar
from uuid import UUID

from common.messaging import EventData
from common.web.requests import JsonTime
from identity.events.published.shared import (
    ANNA,
    ANNA_BY_PHONE,
    ATTRIBUTES,
    EMAIL,
    MERGE,
    NUMBER,
    PHONE,
    TOPIC,
    Identifier,
    example_config,
)


class CustomerCreatedV1(EventData):
    """A customer was created, with its first attributes and identifiers."""

    model_config = example_config(
        {
            "customer_id": ANNA,
            "attributes": ATTRIBUTES,
            "identifiers": [EMAIL, NUMBER],
            "created_at": "2026-09-14T08:31:22.417000Z",
        }
    )
    event_type: ClassVar[str] = "identity.customer.created"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    attributes: dict[str, Any]
    identifiers: list[Identifier]
    created_at: JsonTime


class CustomerUpdatedV1(EventData):
    """``attributes`` are all current ones; names in ``changed`` but not there were cleared."""

    model_config = example_config(
        {
            "customer_id": ANNA,
            "attributes": ATTRIBUTES | {"tier": "platinum"},
            "changed": ["tier"],
        }
    )
    event_type: ClassVar[str] = "identity.customer.updated"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    attributes: dict[str, Any]
    changed: list[str]


class CustomerMergedV1(EventData):
    """On the survivor's key: from now on, all ``absorbed_ids`` redirect to the survivor.

    ``attributes`` and ``identifiers`` are the survivor's after the merge. Two
    fields wait for features to come: ``external_refs`` (the customers' records in other systems)
    is empty, and ``undo_of`` is null.
    """

    model_config = example_config(
        {
            "merge_id": MERGE,
            "survivor_id": ANNA,
            "absorbed_ids": [ANNA_BY_PHONE],
            "reason": "proved to be one person",
            "rule": "proved-identifiers.v1",
            "actor": "engine",
            "evidence": [
                {
                    "customer_id": ANNA,
                    "type": "email",
                    "scope": None,
                    "value": "anna.lindqvist@nordlys.se",
                    "level": "verified",
                },
                {
                    "customer_id": ANNA_BY_PHONE,
                    "type": "phone",
                    "scope": None,
                    "value": "+46701740605",
                    "level": "channel_proved",
                },
            ],
            "attributes": ATTRIBUTES,
            "identifiers": [EMAIL, NUMBER, PHONE],
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
    """On an absorbed customer's key: its id redirects to the survivor."""

    model_config = example_config(
        {
            "customer_id": ANNA_BY_PHONE,
            "survivor_id": ANNA,
            "merge_id": MERGE,
        }
    )
    event_type: ClassVar[str] = "identity.customer.redirected"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID
    survivor_id: UUID
    merge_id: UUID
