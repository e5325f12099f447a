"""The events of identity.

Those of customers are on topic ``identity.customers``, keyed by customer; their sequence is the
customer's version, gapless from 1. Those of candidates are on ``identity.candidates``, keyed by
candidate, with a sequence of their own.
"""

from identity.events.published.candidates import (
    CANDIDATES_TOPIC,
    CandidateDecidedV1,
    CandidateExpiredV1,
    CandidateFoundV1,
    FieldEvidence,
)
from identity.events.published.customers import (
    CustomerCreatedV1,
    CustomerErasedV1,
    CustomerRetiredV1,
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
    CustomerRetiredV1,
    CustomerSplitV1,
    CustomerErasedV1,
    IdentifierAddedV1,
    IdentifierRemovedV1,
    IdentifierClaimedV1,
    CandidateFoundV1,
    CandidateDecidedV1,
    CandidateExpiredV1,
)
"""Every event class, for the export of contracts."""

__all__ = [
    "CANDIDATES_TOPIC",
    "PUBLISHED",
    "TOPIC",
    "CandidateDecidedV1",
    "CandidateExpiredV1",
    "CandidateFoundV1",
    "CustomerCreatedV1",
    "CustomerErasedV1",
    "CustomerMergedV1",
    "CustomerRedirectedV1",
    "CustomerRetiredV1",
    "CustomerSplitV1",
    "CustomerUnmergedV1",
    "CustomerUpdatedV1",
    "FieldEvidence",
    "Identifier",
    "IdentifierAddedV1",
    "IdentifierClaimedV1",
    "IdentifierRemovedV1",
    "Provenance",
    "RestoredCustomer",
]
