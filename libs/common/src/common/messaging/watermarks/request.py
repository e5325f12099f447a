"""The record by which a consumer asks for prompt heartbeats."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.messaging.envelope import Record
from common.messaging.kafka import WATERMARKS_WANTED, Outgoing

MAX_SECONDS = 10.0
"""How long one request may count, so that nobody makes heartbeats prompt for good."""


class PromptRequest(BaseModel):
    """Somebody waits for the watermark of a topic: send its heartbeats promptly for a while."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_extra={"examples": [{"topic": "interactions.conversations", "seconds": 3.0}]},
    )

    topic: Annotated[str, Field(max_length=249, description="The topic of events.")]
    seconds: Annotated[
        float,
        Field(gt=0, le=MAX_SECONDS, description="For how many seconds after it is read it counts."),
    ]

    def outgoing(self, *, service: str) -> Outgoing:
        """Return the record that asks ``service``."""
        return Outgoing.of_json(request_topic(service), self.topic, self.model_dump())

    @classmethod
    def read(cls, record: Record) -> "PromptRequest | None":
        """Return the request in a record, or None if there is none that can be read."""
        try:
            return cls.model_validate_json(record.value or b"")
        except ValidationError:
            return None


def request_topic(service: str) -> str:
    """Return the topic on which a service's relays are asked for prompt heartbeats."""
    return f"{service}{WATERMARKS_WANTED}"
