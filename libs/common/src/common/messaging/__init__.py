"""Events: the envelope, the outbox and its relay, the inbox and its consumer."""

from common.messaging import inbox, outbox
from common.messaging.envelope import (
    ConsumedData,
    Envelope,
    EventData,
    Received,
    Record,
    UndecodableError,
    body_of,
    rfc3339,
    source_of,
)
from common.messaging.inbox import (
    Applied,
    Consumer,
    DeadLettered,
    Ignored,
    Outcome,
    Position,
    Stream,
    dead_letters,
    latest_watermark,
    skip,
)
from common.messaging.kafka import GroupReader, Outgoing, Producer, end_offsets, ensure_topics
from common.messaging.outbox import OutboxEvent, Relay, key_hash

__all__ = [
    "Applied",
    "ConsumedData",
    "Consumer",
    "DeadLettered",
    "Envelope",
    "EventData",
    "GroupReader",
    "Ignored",
    "OutboxEvent",
    "Outcome",
    "Outgoing",
    "Position",
    "Producer",
    "Received",
    "Record",
    "Relay",
    "Stream",
    "UndecodableError",
    "body_of",
    "dead_letters",
    "end_offsets",
    "ensure_topics",
    "inbox",
    "key_hash",
    "latest_watermark",
    "outbox",
    "rfc3339",
    "skip",
    "source_of",
]
