"""Events on their way out: recorded with the change, published by the relay."""

from common.messaging.outbox.events import OutboxEvent, key_hash, record
from common.messaging.outbox.relay import Relay

__all__ = [
    "OutboxEvent",
    "Relay",
    "key_hash",
    "record",
]
