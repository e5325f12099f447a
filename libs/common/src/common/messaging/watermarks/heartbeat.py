"""The record that carries a watermark, with the offset up to which it speaks."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from common.messaging.envelope import Record, rfc3339
from common.messaging.kafka import WATERMARKS, Outgoing


class HeartbeatRecord(BaseModel):
    """A watermark: what was written before it for a partition stands before ``offset`` there.

    The key of the record is ``<topic>/<partition>``; the latest record of a key counts. A watermark
    counts for a consumer once it has applied the partition up to ``offset``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "topic": "interactions.conversations",
                    "partition": 3,
                    "offset": 18_342,
                    "watermark": "2026-03-02T09:30:00.125000Z",
                }
            ]
        },
    )

    topic: Annotated[str, Field(max_length=249, description="The topic of events it speaks of.")]
    partition: Annotated[int, Field(ge=0, description="The partition of that topic.")]
    offset: Annotated[
        int,
        Field(
            ge=0,
            lt=2**63,
            description="The offset before which everything stands that the watermark covers.",
        ),
    ]
    watermark: Annotated[
        AwareDatetime,
        Field(description="The time (RFC 3339, UTC) before which nothing more will be written."),
    ]


class Heartbeat(NamedTuple):
    """A watermark of one partition, which counts once the partition is applied to ``offset``."""

    topic: str
    partition: int
    offset: int
    watermark: datetime

    def outgoing(self, *, service: str) -> Outgoing:
        """Return the record that ``service`` sends to its topic of heartbeats."""
        body = self._asdict() | {"watermark": rfc3339(self.watermark)}
        return Outgoing.of_json(heartbeat_topic(service), f"{self.topic}/{self.partition}", body)

    @classmethod
    def read(cls, record: Record) -> "Heartbeat | None":
        """Return the heartbeat in a record, or None if there is none that can be read."""
        try:
            body = HeartbeatRecord.model_validate_json(record.value or b"")
            watermark = body.watermark.astimezone(UTC)
        except (ValidationError, OverflowError):
            return None
        return cls(body.topic, body.partition, body.offset, watermark)


def heartbeat_topic(service: str) -> str:
    """Return the topic to which a service's relays send heartbeats."""
    return f"{service}{WATERMARKS}"
