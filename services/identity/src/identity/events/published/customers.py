"""Events about customers: created, updated, merged, redirected, unmerged, split."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.messaging import EventData
from common.story import (
    ANNA,
    ANNA_BY_PHONE,
    ANNAS_MERGE,
    BO,
    BO_BY_PHONE,
    BOS_ERASURE,
    NEIGHBOUR,
)
from common.web.requests import JsonTime
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


class RestoredCustomer(BaseModel):
    """A customer that is one of its own again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_id: UUID = Field(description="The id that is canonical again.")
    version: int = Field(description="Its version since.")
    merged_ids: list[UUID] = Field(description="All other ids that lead to it again, sorted.")


class CustomerUnmergedV1(EventData):
    """A merge is undone: customers that it had made one are apart again.

    On the key of the customer that goes on under the id that all had, and on that of each restored
    one: ``attributes`` and ``identifiers`` are those of this customer. History stays with the ids
    that it was recorded under; what was recorded since ``merged_at`` goes by the identifier that it
    carried.
    """

    model_config = example_config(
        {
            "customer_id": ANNA,
            "merge_id": ANNAS_MERGE,
            "undo_of": ANNAS_MERGE,
            "decision_id": "01a20882-8060-7c44-b3d8-5e2a6f0c9b18",
            "survivor_id": ANNA,
            "restored": [{"customer_id": ANNA_BY_PHONE, "version": 3, "merged_ids": []}],
            "merged_ids": [],
            "merged_at": "2026-11-23T12:45:00.000000Z",
            "reason": "two persons after all",
            "rule": "undo",
            "actor": "key:01a20774-6bc0-7d20-8b3e-0c6f1a2b3d47",
            "evidence": [],
            "attributes": PLATINUM,
            "identifiers": [EMAIL, NUMBER | {"level": "verified"}],
            "external_refs": {},
        }
    )
    event_type: ClassVar[str] = "identity.customer.unmerged"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID = Field(description="The customer on whose key the event is.")
    merge_id: UUID = Field(description="The merge that is undone.")
    undo_of: UUID = Field(description="The same, as in the other events of the undo.")
    decision_id: UUID = Field(description="The decision that undid it.")
    survivor_id: UUID = Field(
        description="The id that was canonical until now; its customer goes on."
    )
    restored: list[RestoredCustomer] = Field(
        description="The customers that are apart from it again."
    )
    merged_ids: list[UUID] = Field(
        description="All other ids that lead to ``customer_id`` from now on, sorted."
    )
    merged_at: JsonTime = Field(description="When the merge happened.")
    reason: str = Field(
        description="Why it was undone: the reason that the caller gave, ``unspecified`` without"
        " one."
    )
    rule: str = Field(description="What decided: ``undo`` (of the merge).")
    actor: str = Field(
        description="Who undid it: the caller's credential as ``key:<id>`` or"
        " ``jwt:<issuer>:<subject>``."
    )
    evidence: list[dict[str, Any]] = Field(
        description="What the caller was shown as the reason; empty for a plain request."
    )
    attributes: Attributes
    identifiers: list[Identifier] = Field(
        description="The identifiers of ``customer_id``, sorted by type, scope and value."
    )
    external_refs: dict[str, Any] = Field(
        description="The customers' records in other systems; always empty, because they are to"
        " come."
    )


class CustomerSplitV1(EventData):
    """Evidence shows that some identifiers of the customer are those of another person.

    That person is a new customer. What the identifiers bring from now on is the new customer's, and
    so is what they brought since ``history_from``, if that is set.
    """

    model_config = example_config(
        {
            "customer_id": ANNA,
            "new_customer_id": NEIGHBOUR,
            "identifiers": [PHONE | {"level": "verified"}],
            "reason": "proved to be two persons",
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
    reason: str = Field(description='Why: "proved to be two persons" (the engine).')
    history_from: JsonTime | None = Field(
        default=None,
        description="From when on interactions that carried these identifiers are the new"
        " customer's; null if the history stays where it is.",
    )
