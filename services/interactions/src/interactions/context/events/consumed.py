"""Our own tolerant copies of what identity and sla tell: only the fields that we use."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from common.messaging import ConsumedData

CUSTOMERS_TOPIC = "identity.customers"
CLOCKS_TOPIC = "sla.clocks"
CUSTOMERS_CONSUMER = "interactions.customers"
CLOCKS_CONSUMER = "interactions.clocks"


class ConsumedIdentifier(ConsumedData):
    type: str
    value: str
    raw: str | None = None
    scope: str | None = None
    level: str = "claimed"


class CustomerCreated(ConsumedData):
    customer_id: UUID
    attributes: dict[str, Any] = Field(default_factory=dict)
    identifiers: list[ConsumedIdentifier] = Field(default_factory=list)
    created_at: datetime | None = None


class CustomerUpdated(ConsumedData):
    customer_id: UUID
    attributes: dict[str, Any]


class CustomerMerged(ConsumedData):
    survivor_id: UUID
    absorbed_ids: list[UUID]
    attributes: dict[str, Any] | None = None
    identifiers: list[ConsumedIdentifier] | None = None


class CustomerRedirected(ConsumedData):
    customer_id: UUID
    survivor_id: UUID


class IdentifierAdded(ConsumedData):
    customer_id: UUID
    identifier: ConsumedIdentifier


class IdentifierRemoved(ConsumedData):
    customer_id: UUID
    identifier: ConsumedIdentifier


class ClockChanged(ConsumedData):
    """Any event about a clock: each carries the whole clock, so the latest version is the clock."""

    clock_id: UUID
    conversation_id: UUID
    customer_id: UUID | None = None
    metric: str
    cycle: int
    state: str
    policy_id: str | None = None
    policy_version: int | None = None
    policy_name: str | None = None
    target_seconds: int | float | None = None
    started_at: datetime
    due_at: datetime | None = None
    met_at: datetime | None = None
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    confirmed: bool | None = None
    reason: str | None = None
