"""Merge several OpenAPI documents into one."""

from collections.abc import Iterable, Mapping
from typing import Any

from common.web.openapi import API_TITLE, rename_components, renamed

Document = dict[str, Any]


def merge_documents(documents: Mapping[str, Document]) -> Document:
    """Merge documents by service name; schemas that clash are prefixed with their service."""
    first = next(iter(documents.values()))
    result: Document = first | {
        "info": first["info"] | {"title": API_TITLE},
        "paths": {},
        "tags": _tags(documents.values()),
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


def _tags(documents: Iterable[Document]) -> list[dict[str, str]]:
    tags = {tag["name"]: tag for document in documents for tag in document.get("tags", ())}
    return [tags[name] for name in sorted(tags)]


def _add(result: Document, document: Document, names: Mapping[str, str]) -> None:
    for path, item in renamed(document["paths"], names).items():
        result["paths"].setdefault(path, item)
    for kind, entries in document.get("components", {}).items():
        added = rename_components(entries, names) if kind == "schemas" else entries
        result["components"].setdefault(kind, {}).update(added)


def _schemas(document: Document) -> dict[str, Any]:
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas
