"""Write what services promise: schemas and examples of events, a catalogue, API documents.

``python -m tools.export_contracts`` writes ``contracts/``, ``docs/events.md`` and
``docs/errors.md``; with ``--check`` it writes nothing and fails when a file differs from what the
classes say.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from common.messaging import Envelope, EventData, body_of, source_of
from common.messaging.envelope import headers_of
from common.web.problems import PROBLEM_TYPES
from devstack.stack.descriptions import merge_documents
from identity.matching.http.problems import PROBLEM_TYPES as OF_CANDIDATES
from identity.merging.http.problems import PROBLEM_TYPES as OF_MERGES
from tools.contracts.api_documents import asyncapi_document, openapi_documents
from tools.contracts.beside_events import BESIDE_EVENTS, name_beside
from tools.contracts.event_catalogue import catalogue
from tools.contracts.problem_catalogue import problem_catalogue
from tools.contracts.story import MOMENTS

ROOT = Path(__file__).parents[1]
SERVICES = ("identity", "interactions", "sla")
WHOLE_API = Path("contracts/threadline.openapi.json")
"""All services' APIs in one document, as a gateway in front of them serves it."""
SUBJECTS = {
    "identity.customers": ("customer_id", "survivor_id"),
    "identity.groups": ("group_id",),
    "identity.candidates": ("candidate_id",),
    "interactions.conversations": ("conversation_id",),
    "interactions.erasures": ("erasure_id",),
    "sla.erasures": ("erasure_id",),
    "sla.clocks": ("clock_id",),
}
"""Per topic, the field of ``data`` that names the event's subject."""
_ENVELOPE: dict[str, dict[str, Any]] = {
    "id": {
        "type": "string",
        "format": "uuid",
        "description": "The id of the event, which stays the same when it is delivered again.",
    },
    "type": {"description": "The type of the event."},
    "version": {"description": "The version of the type, which decides the shape of ``data``."},
    "tenant_id": {
        "type": "string",
        "minLength": 1,
        "description": "The tenant whose data it is.",
    },
    "occurred_at": {
        "type": "string",
        "format": "date-time",
        "description": "When it happened; order events by ``sequence`` instead.",
    },
    "recorded_at": {
        "type": "string",
        "format": "date-time",
        "description": "When the service wrote the event.",
    },
    "sequence": {
        "type": "integer",
        "minimum": 1,
        "description": "The number of the event among those of its ``subject_id``, gapless from 1.",
    },
    "subject_id": {
        "type": "string",
        "format": "uuid",
        "description": "The id of what the event is about.",
    },
    "test": {
        "type": "boolean",
        "description": "Whether this is a test event, which raises no alert.",
    },
}
"""The fields around the ``data`` of every event."""
_SHOWN = "interactions.interaction.recorded"
"""The event whose whole value the catalogue shows."""


def published() -> list[type[EventData]]:
    """Return every event class of every service, by type and version."""
    events = {
        item
        for service in SERVICES
        for module in event_modules(service)
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, EventData) and "event_type" in vars(item)
    }
    return sorted(events, key=lambda event: (event.event_type, event.event_version))


def event_modules(service: str) -> Iterator[ModuleType]:
    """Yield the modules of all ``events`` packages; raise if one cannot be imported."""
    package = import_module(service)
    for module in walk_packages(package.__path__, f"{service}.", onerror=_raise_import_error):
        if module.name.split(".")[-2] == "events":
            yield import_module(module.name)


def _raise_import_error(name: str) -> None:
    """Fail instead of leaving out a package, with all its events, that cannot be imported."""
    raise ImportError(f"cannot import {name}") from sys.exception()


def name_of(event: type[EventData]) -> str:
    return f"{event.event_type}.v{event.event_version}"


def schema_of(event: type[EventData]) -> dict[str, Any]:
    """Return the schema of the whole record value: the envelope's fields and ``data``.

    It does not forbid unknown fields, because a later release may add some: readers ignore them.
    """
    data = _open(event.model_json_schema(mode="serialization"))
    definitions = data.pop("$defs", {})
    data.pop("examples", None)
    properties = {
        **_ENVELOPE,
        "type": {"const": event.event_type} | _ENVELOPE["type"],
        "version": {"const": event.event_version} | _ENVELOPE["version"],
        "data": data,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name_of(event),
        "type": "object",
        "required": sorted(properties),
        "properties": properties,
        "$defs": definitions,
    }


def schema_beside(record: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a record that is no event."""
    schema = record.model_json_schema(mode="serialization")
    schema.pop("examples")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": name_beside(record),
    }


def _only_example(record: type[BaseModel]) -> Any:
    return record.model_json_schema(mode="serialization")["examples"][0]


def example_of(event: type[EventData]) -> dict[str, Any]:
    """Return a whole record value around the class's own example."""
    data = event.example().model_dump(mode="json")
    return body_of(_envelope_of(event, data), data)


def _envelope_of(event: type[EventData], data: dict[str, Any]) -> Envelope:
    subject = next(data[name] for name in SUBJECTS[event.topic] if name in data)
    moment = MOMENTS[event.event_type]
    return Envelope(
        id=moment.event_id(),
        source=source_of(event.event_type.split(".", 1)[0]),
        type=event.event_type,
        version=event.event_version,
        tenant_id="demo",
        occurred_at=moment.occurred_at,
        recorded_at=moment.recorded_at,
        sequence=moment.sequence,
        subject_id=subject,
        key=subject,
    )


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file, by its path below the repository's root."""
    events = published()
    for event in events:
        base = Path("contracts", name_of(event))
        yield base.with_name(f"{base.name}.schema.json"), _json(schema_of(event))
        yield base.with_name(f"{base.name}.example.json"), _json(example_of(event))
    for record in BESIDE_EVENTS:
        base = Path("contracts", name_beside(record))
        yield base.with_name(f"{base.name}.schema.json"), _json(schema_beside(record))
        yield base.with_name(f"{base.name}.example.json"), _json(_only_example(record))
    shown = next(event for event in events if event.event_type == _SHOWN)
    yield Path("docs/events.md"), catalogue(events, _ENVELOPE, example_of(shown))
    yield Path("docs/errors.md"), problem_catalogue([*PROBLEM_TYPES, *OF_MERGES, *OF_CANDIDATES])
    documents = dict(openapi_documents())
    yield WHOLE_API, _json(merge_documents(documents))
    for service, document in documents.items():
        yield Path("contracts", f"{service}.openapi.json"), _json(document)
        headers = headers_of(_envelope_of(events[0], events[0].example().model_dump(mode="json")))
        described = asyncapi_document(
            service, events, headers=sorted(headers), version=document["info"]["version"]
        )
        yield Path("contracts", f"{service}.asyncapi.json"), _json(described)


def differences(root: Path) -> list[str]:
    """Return what must be written, or removed, to make the files follow the classes."""
    wanted = dict(files())
    stale = {p.relative_to(root) for p in root.glob("contracts/*.json")} - set(wanted)
    changed = [
        path
        for path, text in wanted.items()
        if not (root / path).exists() or (root / path).read_text() != text
    ]
    return [f"differs: {p}" for p in changed] + [f"no such event: {p}" for p in sorted(stale)]


def main() -> int:
    if "--check" in sys.argv[1:]:
        stale = differences(ROOT)
        print(
            "\n".join(stale) or "contracts/, docs/events.md and docs/errors.md follow the classes."
        )
        return 1 if stale else 0
    for path, text in files():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
    print("\n".join(differences(ROOT)))  # what is left: files of removed events
    return 0


def _open(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _open(v) for k, v in node.items() if (k, v) != ("additionalProperties", False)}
    if isinstance(node, list):
        return [_open(item) for item in node]
    return node


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
