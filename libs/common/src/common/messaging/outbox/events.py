"""Events leave through the outbox: rows written in the transaction of the change they announce.

The columns ``id, aggregatetype, aggregateid, type, payload`` are those of Debezium's outbox router,
so that a site that runs Debezium can use it instead of our relay.
"""

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from common.db import Transaction, copy_rows, signal_commit
from common.errors import InvalidError
from common.ids import new_id
from common.jsons import Encoded, dumps
from common.messaging.envelope import Envelope, EventData, body_of, headers_of, source_of
from common.runtime import in_turns
from common.telemetry import current_traceparent

RECORDED = "outbox"
"""The signal of a committed transaction that has recorded events."""

MAX_PAYLOAD_BYTES = 900_000
"""Body and headers, below Kafka's default of 1 MiB a record: an event that the broker refuses for
its size would block everything behind it."""


class OutboxEvent(NamedTuple):
    """One event on its way to the outbox.

    ``sequence`` counts the events of ``subject_id`` from 1 without a gap; the caller holds the
    subject's row lock when it takes the number. ``key`` decides partition and order.
    """

    data: EventData
    tenant_id: str
    key: str
    subject_id: str
    sequence: int
    occurred_at: datetime
    now: datetime
    test: bool = False
    topic: str | None = None
    """The topic, if it differs from that of the class, as with dead letters."""
    source: str | None = None
    """The source, if it differs from the service that owns the topic."""
    traceparent: str | None = None
    """What caused the event, if it differs from the current span."""

    @property
    def destination(self) -> str:
        return self.topic or self.data.topic


def key_hash(key: str) -> int:
    """Return the non-negative 31-bit hash that decides shard and partition (CRC-32)."""
    return zlib.crc32(key.encode()) & 0x7FFFFFFF


async def record(tx: Transaction, events: Iterable[OutboxEvent]) -> list[UUID]:
    """Write the events in one statement, in the order given; return their ids.

    Raises InvalidError when one is too large to be published.
    """
    traceparent = current_traceparent()
    rows = [_row(event, new_id(), traceparent) async for event in in_turns(events)]
    if rows:
        await copy_rows(tx, "outbox", rows)
        signal_commit(tx, RECORDED)
    return [row["id"] for row in rows]


def _row(event: OutboxEvent, event_id: UUID, traceparent: str | None) -> dict[str, Any]:
    envelope = Envelope(
        id=str(event_id),
        source=event.source or source_of(event.data.topic.split(".", 1)[0]),
        type=event.data.event_type,
        version=event.data.event_version,
        tenant_id=event.tenant_id,
        occurred_at=event.occurred_at,
        recorded_at=event.now,
        sequence=event.sequence,
        subject_id=event.subject_id,
        key=event.key,
        test=event.test,
        traceparent=event.traceparent or traceparent,
    )
    data = Encoded(event.data.model_dump_json())
    payload, headers = dumps(body_of(envelope, data)), dumps(headers_of(envelope))
    if len(payload) + len(headers) > MAX_PAYLOAD_BYTES:
        raise InvalidError("the event that this would publish is too large")
    return {
        "id": event_id,
        "aggregatetype": event.destination.partition(".")[2].partition(".")[0],
        "aggregateid": event.key,
        "type": envelope.type,
        "payload": payload.decode(),
        "topic": event.destination,
        "key_hash": key_hash(event.key),
        "tenant_id": event.tenant_id,
        "headers": headers.decode(),
    }
