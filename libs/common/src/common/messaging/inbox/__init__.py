"""Events on their way in: consumed in batches, each applied once."""

from common.messaging.inbox import dead_letters
from common.messaging.inbox.claims import (
    FencedError,
    Position,
    Progress,
    claim,
    ensure_positions,
    latest_watermark,
    list_positions,
    move,
    raise_watermarks,
)
from common.messaging.inbox.consumer import Consumer
from common.messaging.inbox.dead_letters import skip
from common.messaging.inbox.dispatch import Applied, DeadLettered, Ignored, Outcome, Stream

__all__ = [
    "Applied",
    "Consumer",
    "DeadLettered",
    "FencedError",
    "Ignored",
    "Outcome",
    "Position",
    "Progress",
    "Stream",
    "claim",
    "dead_letters",
    "ensure_positions",
    "latest_watermark",
    "list_positions",
    "move",
    "raise_watermarks",
    "skip",
]
