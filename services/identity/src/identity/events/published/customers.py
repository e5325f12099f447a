"""Events about customers: created, updated, split, retired. Those about merges are elsewhere."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from common.messaging import EventData
from common.story import ANNA, BO, BO_BY_PHONE, BOS_ERASURE, NEIGHBOUR, NOBODY
from common.web.requests import JsonTime
from identity.customers.shown import Attributes, CanonicalId, CreatedAt, RetiredAt
from identity.events.published.shared import (
    ATTRIBUTES,
    EMAIL,
    PHONE,
    PLATINUM,
    TOPIC,
    Identifier,
    Provenance,
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
            "provenance": {
                "tier": {
                    "source": "webshop",
                    "level": "verified",
                    "observed_at": "2026-11-23T09:45:00.000000Z",
                    "ingested_at": "2026-11-23T09:45:00.000000Z",
                }
            },
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
    provenance: dict[str, Provenance] | None = Field(
        default=None,
        description="Where the values that now count come from, by the names in ``changed``; those"
        " of cleared ones say who cleared them. A value that left with an identifier of another"
        " customer has none. Null in events of older versions.",
    )


class CustomerErasedV1(EventData):
    """On the key of each id that led to the customer: forget them. This is not a merge.

    No other event about any of these ids follows. Delete or empty all that you hold about them;
    Kafka keeps earlier events until their retention ends.
    """

    model_config = example_config(
        {
            "erasure_id": BOS_ERASURE,
            "customer_id": BO_BY_PHONE,
            "canonical_id": BO,
            "customer_ids": [BO, BO_BY_PHONE],
            "erased_at": "2026-11-23T13:20:00.000000Z",
        }
    )
    event_type: ClassVar[str] = "identity.customer.erased"
    topic: ClassVar[str] = TOPIC

    erasure_id: UUID = Field(description="The id of the erasure, the same for all ids.")
    customer_id: UUID = Field(description="The id on whose key this event is.")
    canonical_id: UUID = Field(description="The id that was canonical until the erasure.")
    customer_ids: list[UUID] = Field(
        description="Every id that led to the customer, the canonical one first."
    )
    erased_at: JsonTime = Field(description="When identity erased the customer.")


class CustomerSplitV1(EventData):
    """Some identifiers of the customer are those of another person, who is a new customer.

    Evidence shows it, or a person decided it. What the identifiers bring from now on is the
    new customer's, and so is what they brought since ``history_from``, if that is set.
    """

    model_config = example_config(
        {
            "customer_id": ANNA,
            "new_customer_id": NEIGHBOUR,
            "identifiers": [PHONE | {"level": "verified"}],
            "reason": "proved to be two persons",
            "rule": "proved-identifiers.v2",
            "actor": "engine",
            "decision_id": None,
            "history_from": None,
        }
    )
    event_type: ClassVar[str] = "identity.customer.split"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    new_customer_id: UUID = Field(description="The id of the new customer.")
    identifiers: list[Identifier] = Field(
        description="The identifiers that went to the new customer; an event before removed each."
    )
    reason: str = Field(
        description='Why: "proved to be two persons" (the engine), or the reason that the caller'
        " gave, ``unspecified`` without one."
    )
    rule: str = Field(
        description="What decided: ``proved-identifiers.v2`` (the engine) or ``split`` (a caller"
        " asked for it)."
    )
    actor: str = Field(
        description="Who split: ``engine``, or the caller's credential as ``key:<id>`` or"
        " ``jwt:<issuer>:<subject>``."
    )
    decision_id: UUID | None = Field(
        default=None, description="The decision of the caller; null if the engine split."
    )
    history_from: JsonTime | None = Field(
        default=None,
        description="From when on interactions that carried these identifiers are the new"
        " customer's; null if the history stays where it is.",
    )


class CustomerRetiredV1(EventData):
    """A customer whom no identifier leads to is no longer listed or proposed.

    Its id still leads to it, and what was recorded for it stays where it is. The next event about
    the customer, whatever it is, ends the retirement.
    """

    model_config = example_config(
        {
            "customer_id": NOBODY,
            "reason": "nothing_usable",
            "retired_at": "2026-11-23T13:10:00.000000Z",
        }
    )
    event_type: ClassVar[str] = "identity.customer.retired"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    reason: str = Field(
        description="Why: ``nothing_usable`` (an earlier version created it from identifiers of"
        " which none is usable, so that nobody can find it)."
    )
    retired_at: RetiredAt
