"""The events of identity, on topic ``identity.customers``, keyed by customer.

The sequence of an event is its customer's version, gapless from 1.
"""

from identity.events.published.customers import (
    CustomerCreatedV1,
    CustomerErasedV1,
    CustomerSplitV1,
    CustomerUpdatedV1,
)
from identity.events.published.identifiers import (
    IdentifierAddedV1,
    IdentifierClaimedV1,
    IdentifierRemovedV1,
)
from identity.events.published.merges import (
    CustomerMergedV1,
    CustomerRedirectedV1,
    CustomerUnmergedV1,
    RestoredCustomer,
)
from identity.events.published.shared import TOPIC, Identifier, Provenance

PUBLISHED = (
    CustomerCreatedV1,
    CustomerUpdatedV1,
    CustomerMergedV1,
    CustomerRedirectedV1,
    CustomerUnmergedV1,
    CustomerSplitV1,
    CustomerErasedV1,
    IdentifierAddedV1,
    IdentifierRemovedV1,
    IdentifierClaimedV1,
)
"""Every event class, for the export of contracts."""

__all__ = [
    "PUBLISHED",
    "TOPIC",
    "CustomerCreatedV1",
    "CustomerErasedV1",
    "CustomerMergedV1",
    "CustomerRedirectedV1",
    "CustomerSplitV1",
    "CustomerUnmergedV1",
    "CustomerUpdatedV1",
    "Identifier",
    "IdentifierAddedV1",
    "IdentifierClaimedV1",
    "IdentifierRemovedV1",
    "Provenance",
    "RestoredCustomer",
]
