"""Our own tolerant copies of identity's and sla's events: only the fields that we use."""

from datetime import datetime
from types import NoneType
from typing import Annotated, Any, get_args
from uuid import UUID

from pydantic import Field, model_validator

from common.messaging import ConsumedData
from interactions.context.parts import ShownClock
from interactions.history import OPEN

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


class RestoredCustomer(ConsumedData):
    """A customer that is one of its own again, and the other ids that lead to it."""

    customer_id: UUID
    version: int
    merged_ids: list[UUID] = Field(default_factory=list)


class CustomerUnmerged(ConsumedData):
    """On the key of the customer that goes on, and on that of each one that is restored."""

    customer_id: UUID
    survivor_id: UUID
    restored: list[RestoredCustomer]
    merged_ids: list[UUID] = Field(default_factory=list)
    undo_of: UUID
    merged_at: datetime
    attributes: dict[str, Any] = Field(default_factory=dict)
    identifiers: list[ConsumedIdentifier] = Field(default_factory=list)


class CustomerSplit(ConsumedData):
    """Identifiers went to a new customer, from ``history_from`` on with what they carried."""

    customer_id: UUID
    new_customer_id: UUID
    identifiers: list[ConsumedIdentifier] = Field(default_factory=list)
    history_from: datetime | None = None


class CustomerErased(ConsumedData):
    """The ids are all those that led to the customer."""

    erasure_id: UUID
    customer_id: UUID
    customer_ids: list[UUID]


class IdentifierAdded(ConsumedData):
    customer_id: UUID
    identifier: ConsumedIdentifier


class IdentifierRemoved(ConsumedData):
    customer_id: UUID
    identifier: ConsumedIdentifier


class IdentifierClaimed(ConsumedData):
    customer_id: UUID
    identifier: ConsumedIdentifier
    held_by: UUID
    expires_at: datetime


class ClockChanged(ShownClock, ConsumedData):
    """Any event about a clock: each carries the whole clock, so the latest version is the clock."""

    target_seconds: Annotated[int | float | None, OPEN]

    @model_validator(mode="before")
    @classmethod
    def _add_absent(cls, data: Any) -> Any:
        """Read absent fields as null: sla adds fields without a new version of its events."""
        return dict.fromkeys(_MAY_BE_ABSENT) | data if isinstance(data, dict) else data


_MAY_BE_ABSENT = tuple(
    name
    for name, field in ClockChanged.model_fields.items()
    if NoneType in get_args(field.annotation)
)
