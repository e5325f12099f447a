"""Merge several OpenAPI documents into one."""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]
_SCHEMAS = "#/components/schemas/"


def merge_documents(documents: Mapping[str, Document]) -> Document:
    """Merge documents by service name; schemas that clash are prefixed with their service."""
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
    for path, item in _rename_references(document["paths"], names).items():
        result["paths"].setdefault(path, item)
    for kind, entries in document.get("components", {}).items():
        for name, entry in _rename_references(entries, names).items():
            new = names.get(name, name) if kind == "schemas" else name
            result["components"].setdefault(kind, {})[new] = entry


def _schemas(document: Document) -> dict[str, Any]:
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def _rename_references(node: Any, names: Mapping[str, str]) -> Any:
    """Return a copy of ``node`` whose references use the new names of schemas."""
    if isinstance(node, dict):
        return {key: _rename_references(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_rename_references(value, names) for value in node]
    if isinstance(node, str) and node.startswith(_SCHEMAS):
        name = node.removeprefix(_SCHEMAS)
        return _SCHEMAS + names.get(name, name)
    return node
