"""Our tolerant copy of identity's event about an erased customer."""

from uuid import UUID

from common.messaging import ConsumedData

SERVICE = "identity"
TOPIC = "identity.customers"
CONSUMER = "sla.customers"


class CustomerErased(ConsumedData):
    erasure_id: UUID
    customer_ids: list[UUID]
