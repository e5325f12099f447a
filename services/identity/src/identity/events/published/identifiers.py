"""Events about the identifiers of customers: added, removed."""

from typing import ClassVar

from pydantic import Field

from common.messaging import EventData
from common.story import ANNA
from identity.customers.shown import CanonicalId
from identity.events.published.shared import NUMBER, PHONE, TOPIC, Identifier, example_config


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

    After a change of the normaliser its key may have another form: the new one is added next.
    """

    model_config = example_config({"customer_id": ANNA, "identifier": PHONE})
    event_type: ClassVar[str] = "identity.identifier.removed"
    topic: ClassVar[str] = TOPIC

    customer_id: CanonicalId
    identifier: Identifier = Field(description="The identifier that the customer lost.")
