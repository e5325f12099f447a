"""The records that services write beside the topics of events."""

from typing import Any

from pydantic import BaseModel

from common.messaging import HeartbeatRecord, PromptRequest, heartbeat_topic, request_topic

_NAMES: dict[type[BaseModel], str] = {
    HeartbeatRecord: "threadline.watermark.v1",
    PromptRequest: "threadline.watermark_request.v1",
}
BESIDE_EVENTS = tuple(_NAMES)
ASKED = ("interactions",)
"""The services whose watermarks other services wait for."""


def name_beside(record: type[BaseModel]) -> str:
    """Return the name of a record's files in ``contracts/``."""
    return _NAMES[record]


def topics_beside(service: str) -> dict[str, tuple[type[BaseModel], str]]:
    """Return a service's topics without events: the record, and ``send`` or ``receive``."""
    topics: dict[str, tuple[type[BaseModel], str]] = {
        heartbeat_topic(service): (HeartbeatRecord, "send")
    }
    if service in ASKED:
        topics[request_topic(service)] = (PromptRequest, "receive")
    return topics


def channel_beside(topic: str, record: type[BaseModel]) -> dict[str, Any]:
    """Return the AsyncAPI channel of such a topic."""
    name = name_beside(record)
    return {
        "address": topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": {"topic": topic, "partitions": 1}},
    }


def message_beside(record: type[BaseModel]) -> dict[str, Any]:
    """Return the AsyncAPI message of such a record."""
    name = name_beside(record)
    return {
        "name": name,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["content-type"],
            "properties": {"content-type": {"type": "string"}},
        },
        "payload": {"$ref": f"./{name}.schema.json"},
    }
