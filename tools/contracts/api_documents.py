"""OpenAPI and AsyncAPI documents of the services, from the classes that run."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from common.messaging import EventData
from common.service import Service
from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES, build_services
from tools.contracts.beside_events import (
    channel_beside,
    message_beside,
    name_beside,
    topics_beside,
)

Document = dict[str, Any]


def built_services() -> Sequence[Service]:
    """Return the three services, built and connected to nothing."""
    dsns = dict.fromkeys(NAMES, "postgresql://nobody@127.0.0.1:1/none")
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(
            dsns=dsns,
            bootstrap="127.0.0.1:1",
            credentials=load_credentials(Path(scratch)),
            port=8000,
        )
    return services.all()


def openapi_documents() -> Iterator[tuple[str, Document]]:
    """Yield each service's name and OpenAPI document."""
    for service in built_services():
        yield service.name, service.api.openapi()


def asyncapi_document(
    service: str, events: Sequence[type[EventData]], *, headers: Sequence[str], version: str
) -> Document:
    """Return the AsyncAPI 3 document of the events that a service publishes.

    Payloads refer to the schemas beside it, so that each shape is written down once.
    """
    own = [event for event in events if event.event_type.startswith(f"{service}.")]
    topics = sorted({event.topic for event in own})
    beside = topics_beside(service)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Threadline {service}: events",
            "version": version,
            "description": "CloudEvents 1.0 in Kafka's binary mode; the value stands alone."
            " Delivery is at least once, in order per key.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, own) for topic in topics}
        | {topic: channel_beside(topic, record) for topic, (record, _) in beside.items()},
        "operations": {
            f"publish.{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}
            for topic in topics
        }
        | {
            f"{action}.{topic}": {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}
            for topic, (_, action) in beside.items()
        },
        "components": {
            "messages": {_name(event): _message(event, headers) for event in own}
            | {name_beside(record): message_beside(record) for record, _ in beside.values()}
        },
    }


def _channel(topic: str, events: Sequence[type[EventData]]) -> Document:
    messages = [_name(event) for event in events if event.topic == topic]
    return {
        "address": topic,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": {"topic": topic}},
    }


def _message(event: type[EventData], headers: Sequence[str]) -> Document:
    return {
        "name": event.event_type,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": list(headers),
            "properties": {header: {"type": "string"} for header in headers},
        },
        "payload": {"$ref": f"./{_name(event)}.schema.json"},
    }


def _name(event: type[EventData]) -> str:
    return f"{event.event_type}.v{event.event_version}"
