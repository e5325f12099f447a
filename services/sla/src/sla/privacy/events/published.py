"""What this service tells identity about erasures, on topic ``sla.erasures``."""

from typing import ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from common.messaging import EventData
from common.story import BOS_ERASURE
from common.web.requests import JsonTime

TOPIC = "sla.erasures"


class SlaErasureCompletedV1(EventData):
    """This service has let go of a customer; identity collects it into the receipt."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "erasure_id": BOS_ERASURE,
                    "counts": {
                        "clock": 0,
                        "conversation": 0,
                        "customer_pointer": 1,
                        "alert": 0,
                        "dead_letter": 0,
                        "outbox": 0,
                        "idempotency": 0,
                    },
                    "completed_at": "2026-11-23T13:30:00.000000Z",
                    "records_expire_at": "2026-11-23T19:30:00.000000Z",
                }
            ]
        },
    )
    event_type: ClassVar[str] = "sla.erasure.completed"
    topic: ClassVar[str] = TOPIC

    erasure_id: UUID = Field(description="The id of the erasure, as in identity's event.")
    counts: dict[str, int] = Field(description="How many rows were emptied, by table.")
    completed_at: JsonTime = Field(description="When this service had let go of the customer.")
    records_expire_at: JsonTime = Field(
        description="Until when Kafka may keep what this service had published about the customer."
    )
