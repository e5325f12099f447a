"""Events about the identifiers of customers: added, removed."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from common.messaging import EventData
from common.story import ANNA, BO
from common.web.requests import JsonTime
from identity.customers.shown import CanonicalId
from identity.events.published.shared import (
    BOS_PHONE,
    NUMBER,
    PHONE,
    TOPIC,
    Identifier,
    UndoOf,
    example_config,
)


class IdentifierAddedV1(EventData):
    """The customer has a new identifier, or a better proof of one; the last event counts."""

    model_config = example_config({"customer_id": ANNA, "identifier": NUMBER})
    event_type: ClassVar[str] = "identity.identifier.added"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    identifier: Identifier = Field(
        description="The identifier that the customer has now, with its present level."
    )


class IdentifierRemovedV1(EventData):
    """The identifier no longer belongs to this customer.

    After a change of the normaliser its key may have another form: the new one is added next. Else
    it is another customer's now, a person took it away, or so many share it that it is nobody's.
    """

    model_config = example_config({"customer_id": ANNA, "identifier": PHONE, "undo_of": None})
    event_type: ClassVar[str] = "identity.identifier.removed"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    identifier: Identifier = Field(description="The identifier that the customer lost.")
    undo_of: UndoOf = None


class IdentifierClaimedV1(EventData):
    """The customer claims an identifier that is another customer's.

    A claim opens nothing of that customer's and changes nothing there; agents see it at both.
    """

    model_config = example_config(
        {
            "customer_id": ANNA,
            "identifier": BOS_PHONE,
            "held_by": BO,
            "expires_at": "2027-02-21T12:55:00.000000Z",
        }
    )
    event_type: ClassVar[str] = "identity.identifier.claimed"
    topic: ClassVar[str] = TOPIC

    customer_id: UUID = Field(description="The customer who claims the identifier.")
    identifier: Identifier = Field(description="The identifier as it was claimed.")
    held_by: UUID = Field(description="The customer whose identifier it is.")
    expires_at: JsonTime = Field(description="When the claim ends, unless it is proved before.")
