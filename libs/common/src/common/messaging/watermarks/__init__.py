"""Watermarks on their way from a relay to consumers, beside the topics that they speak of.

A relay sends heartbeats to a topic of its service; consumers of the service's events read them.
They come rarely, unless a consumer asks for prompt ones.
"""

from common.messaging.watermarks.heartbeat import Heartbeat, HeartbeatRecord, heartbeat_topic
from common.messaging.watermarks.pending import PendingHeartbeats
from common.messaging.watermarks.prompt import PromptHeartbeats
from common.messaging.watermarks.request import PromptRequest, request_topic
from common.messaging.watermarks.requester import HeartbeatRequester

__all__ = [
    "Heartbeat",
    "HeartbeatRecord",
    "HeartbeatRequester",
    "PendingHeartbeats",
    "PromptHeartbeats",
    "PromptRequest",
    "heartbeat_topic",
    "request_topic",
]
