"""Events about merges: merged, redirected, and unmerged when a merge is undone."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.messaging import EventData
from common.story import (
    ANNA,
    ANNA_BY_PHONE,
    ANNAS_MERGE,
    KIOSK_USERS,
    READERS_MERGE,
    READERS_UNDO,
)
from common.web.requests import JsonTime
from identity.customers.shown import Attributes
from identity.events.published.shared import (
    EMAIL,
    NUMBER,
    PHONE,
    PLATINUM,
    TOPIC,
    ExternalRefs,
    Identifier,
    MergeId,
    UndoOf,
    example_config,
)


class CustomerMergedV1(EventData):
    """On the survivor's key: from now on, all ``absorbed_ids`` redirect to the survivor.

    ``attributes`` and ``identifiers`` are the survivor's after the merge.
    ``identity.customer.unmerged`` takes it back.
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
            "external_refs": {"webshop": ["C-20417"]},
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
    undo_of: UndoOf = None
    external_refs: ExternalRefs


class CustomerRedirectedV1(EventData):
    """On the key of an id that is not canonical: it redirects to the survivor.

    After a merge is undone, an id may redirect to another customer than before.
    """

    model_config = example_config(
        {
            "customer_id": ANNA_BY_PHONE,
            "survivor_id": ANNA,
            "merge_id": ANNAS_MERGE,
            "undo_of": None,
        }
    )
    event_type: ClassVar[str] = "identity.customer.redirected"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID = Field(description="The id of the absorbed customer.")
    survivor_id: UUID = Field(description="The id of the customer to which it now leads.")
    merge_id: MergeId
    undo_of: UndoOf = None


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
            "customer_id": KIOSK_USERS[2],
            "merge_id": READERS_MERGE,
            "undo_of": READERS_MERGE,
            "decision_id": READERS_UNDO,
            "survivor_id": KIOSK_USERS[1],
            "restored": [{"customer_id": KIOSK_USERS[2], "version": 3, "merged_ids": []}],
            "merged_ids": [],
            "merged_at": "2026-11-23T13:42:00.000000Z",
            "reason": "two persons after all",
            "rule": "undo",
            "actor": "key:7b3c9d21e4f0",
            "evidence": [],
            "attributes": {},
            "identifiers": [
                {
                    "type": "loyalty_id",
                    "value": "L-102",
                    "raw": "L-102",
                    "scope": "library",
                    "level": "channel_proved",
                }
            ],
            "external_refs": {"library": ["L-102"]},
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
    rule: str = Field(
        description="What decided: ``undo`` (of the merge), ``withdrawal`` (of the decision behind"
        " it), or ``split``."
    )
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
    external_refs: ExternalRefs
