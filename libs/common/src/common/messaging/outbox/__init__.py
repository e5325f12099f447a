"""Events on their way out: recorded with the change, published by the relay."""

from common.messaging.outbox.events import OutboxEvent, key_hash, record
from common.messaging.outbox.relay import Relay
from common.messaging.outbox.relay_store import hold_watermark

__all__ = [
    "OutboxEvent",
    "Relay",
    "hold_watermark",
    "key_hash",
    "record",
]
