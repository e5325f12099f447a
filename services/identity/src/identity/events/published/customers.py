"""Events about customers: created, updated, merged, redirected."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from common.messaging import EventData
from common.story import ANNA, ANNA_BY_PHONE, ANNAS_MERGE, NEIGHBOUR
from identity.customers.shown import Attributes, CanonicalId, CreatedAt
from identity.events.published.shared import (
    ATTRIBUTES,
    EMAIL,
    NUMBER,
    PHONE,
    PLATINUM,
    TOPIC,
    Identifier,
    MergeId,
    example_config,
)


class CustomerCreatedV1(EventData):
    """A customer was created, with its first attributes and identifiers."""

    model_config = example_config(
        {
            "customer_id": ANNA,
            "attributes": ATTRIBUTES,
            "identifiers": [EMAIL],
            "created_at": "2026-11-23T09:29:58.417000Z",
        }
    )
    event_type: ClassVar[str] = "identity.customer.created"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    attributes: Attributes
    identifiers: list[Identifier] = Field(
        description="The first identifiers of the customer, sorted by type, scope and value."
    )
    created_at: CreatedAt


class CustomerUpdatedV1(EventData):
    """``attributes`` are all current ones; names in ``changed`` but not there were cleared."""

    model_config = example_config(
        {
            "customer_id": ANNA,
            "attributes": PLATINUM,
            "changed": ["tier"],
        }
    )
    event_type: ClassVar[str] = "identity.customer.updated"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    attributes: Attributes
    changed: list[str] = Field(
        description="The names of the attributes that changed, sorted; those that are not in"
        " ``attributes`` were cleared."
    )


class CustomerMergedV1(EventData):
    """On the survivor's key: from now on, all ``absorbed_ids`` redirect to the survivor.

    ``attributes`` and ``identifiers`` are the survivor's after the merge. Two
    fields wait for features to come: ``external_refs`` (the customers' records in other systems)
    is empty, and ``undo_of`` is null.
    """

    model_config = example_config(
        {
            "merge_id": ANNAS_MERGE,
            "survivor_id": ANNA,
            "absorbed_ids": [ANNA_BY_PHONE],
            "reason": "proved to be one person",
            "rule": "proved-identifiers.v2",
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
            "attributes": PLATINUM,
            "identifiers": [EMAIL, NUMBER | {"level": "verified"}, PHONE],
            "undo_of": None,
            "external_refs": {},
        }
    )
    event_type: ClassVar[str] = "identity.customer.merged"
    topic: ClassVar[str] = TOPIC

    merge_id: MergeId
    survivor_id: UUID = Field(
        description="The id of the customer that stays canonical, to which all others now lead."
    )
    absorbed_ids: list[UUID] = Field(
        description="Every id that the merge redirects to the survivor, sorted."
    )
    reason: str = Field(
        description='Why they were merged: "proved to be one person" (the engine), or the reason'
        " that the caller gave, ``unspecified`` without one."
    )
    rule: str = Field(
        description="What decided: ``proved-identifiers.v2`` (the engine) or ``explicit`` (a caller"
        " asked for it)."
    )
    actor: str = Field(
        description="Who merged: ``engine``, or the caller's credential as ``key:<id>`` or"
        " ``jwt:<issuer>:<subject>``."
    )
    evidence: list[dict[str, Any]] = Field(
        description="The identifiers that proved it, each with ``customer_id``, ``type``,"
        " ``scope``, ``value`` and ``level``; empty if a caller asked for the merge."
    )
    attributes: Attributes
    identifiers: list[Identifier] = Field(
        description="The survivor's identifiers, sorted by type, scope and value."
    )
    undo_of: UUID | None = Field(
        default=None,
        description="The merge that this one undoes; always null, because undoing is to come.",
    )
    external_refs: dict[str, Any] = Field(
        description="The customers' records in other systems; always empty, because they are to"
        " come."
    )


class CustomerRedirectedV1(EventData):
    """On an absorbed customer's key: its id redirects to the survivor."""

    model_config = example_config(
        {
            "customer_id": ANNA_BY_PHONE,
            "survivor_id": ANNA,
            "merge_id": ANNAS_MERGE,
        }
    )
    event_type: ClassVar[str] = "identity.customer.redirected"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID = Field(description="The id of the absorbed customer.")
    survivor_id: UUID = Field(description="The id of the customer to which it now leads.")
    merge_id: MergeId


class CustomerSplitV1(EventData):
    """Evidence shows that some identifiers of the customer are those of another person.

    That person is a new customer. The customer's history stays where it is; what the identifiers
    bring from now on is the new customer's.
    """

    model_config = example_config(
        {
            "customer_id": ANNA,
            "new_customer_id": NEIGHBOUR,
            "identifiers": [PHONE | {"level": "verified"}],
            "reason": "proved to be two persons",
        }
    )
    event_type: ClassVar[str] = "identity.customer.split"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    new_customer_id: UUID = Field(description="The id of the new customer.")
    identifiers: list[Identifier] = Field(
        description="The identifiers that went to the new customer; an event before removed each."
    )
    reason: str = Field(description='Why: "proved to be two persons" (the engine).')
