"""Our tolerant copies of identity's events: only where ids lead, and who is erased."""

from uuid import UUID

from pydantic import Field

from common.messaging import ConsumedData

SERVICE = "identity"
TOPIC = "identity.customers"
CONSUMER = "sla.customers"


class CustomerErased(ConsumedData):
    erasure_id: UUID
    customer_ids: list[UUID]


class CustomerMerged(ConsumedData):
    survivor_id: UUID
    absorbed_ids: list[UUID]


class CustomerRedirected(ConsumedData):
    customer_id: UUID
    survivor_id: UUID


class RestoredCustomer(ConsumedData):
    """A customer that is one of its own again, and the other ids that lead to it."""

    customer_id: UUID
    version: int
    merged_ids: list[UUID] = Field(default_factory=list)


class CustomerUnmerged(ConsumedData):
    customer_id: UUID
    restored: list[RestoredCustomer]
    merged_ids: list[UUID] = Field(default_factory=list)
