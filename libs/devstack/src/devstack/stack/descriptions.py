"""One OpenAPI document out of several."""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
_SCHEMAS = "#/components/schemas/"


def merged(documents: Mapping[str, Document]) -> Document:
    """Join documents by service name; schemas of one name but different content are renamed."""
    first = next(iter(documents.values()))
    result: Document = {
        "openapi": first["openapi"],
        "info": {"title": "Threadline", "version": first["info"]["version"]},
        "paths": {},
        "components": {"schemas": {}},
    }
    for service, document in documents.items():
        present = result["components"]["schemas"]
        clashes = [
            name
            for name, schema in _schemas(document).items()
            if present.get(name, schema) != schema
        ]
        _add(result, document, {name: f"{service.title()}{name}" for name in clashes})
    return result


def _add(result: Document, document: Document, names: Mapping[str, str]) -> None:
    for path, item in _pointing_to(document["paths"], names).items():
        result["paths"].setdefault(path, item)
    for kind, entries in document.get("components", {}).items():
        for name, entry in _pointing_to(entries, names).items():
            new = names.get(name, name) if kind == "schemas" else name
            result["components"].setdefault(kind, {})[new] = entry


def _schemas(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return found


def _pointing_to(node: Any, names: Mapping[str, str]) -> Any:
    """Copy a part of a document with its references to renamed schemas following them."""
    if isinstance(node, dict):
        return {key: _pointing_to(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_pointing_to(value, names) for value in node]
    if isinstance(node, str) and node.startswith(_SCHEMAS):
        name = node.removeprefix(_SCHEMAS)
        return _SCHEMAS + names.get(name, name)
    return node
