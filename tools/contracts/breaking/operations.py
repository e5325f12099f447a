"""Compares two versions of an OpenAPI document, as those who call the API rely on it."""

import re
from collections.abc import Iterator
from typing import Any

from tools.contracts.breaking.changes import Change, Side
from tools.contracts.breaking.documents import Json, resolve
from tools.contracts.breaking.schemas import Comparison

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Parameters = dict[tuple[str, str], Json]


def compare_apis(old: Json, new: Json) -> list[Change]:
    """Return the changes that would break a caller of ``old``, each once."""
    return sorted(set(_Apis(old, new).changes()))


def operations(document: Json) -> dict[str, tuple[str, Json, Json]]:
    """Return path, path item and operation, by method and path without names of parameters."""
    return {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": (path, item, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }


class _Apis:
    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new
        self._sent = Comparison(old, new, Side.SENDS)
        self._received = Comparison(old, new, Side.RECEIVES)

    def changes(self) -> Iterator[Change]:
        after = operations(self._new)
        for name, (path, item, operation) in operations(self._old).items():
            place = f"{name.partition(' ')[0]} {path}"
            if name in after:
                new_path, new_item, new_operation = after[name]
                yield from _path(path, new_path, place)
                yield from _identity(operation, new_operation, place)
                yield from self._parameters(
                    _parameters(self._old, item, operation, path),
                    _parameters(self._new, new_item, new_operation, new_path),
                    place,
                )
                yield from self._body(operation, new_operation, place)
                yield from self._answers(operation, new_operation, place)
                yield from self._access(operation, new_operation, place)
            else:
                yield Change("operation-removed", place)

    def _parameters(self, old: Parameters, new: Parameters, place: str) -> Iterator[Change]:
        for key, parameter in old.items():
            where = f"{place}: {parameter['in']} {parameter['name']}"
            if key not in new:
                yield Change("parameter-removed", where)
                continue
            if new[key].get("required") and not parameter.get("required"):
                yield Change("parameter-required", where)
            for name in ("style", "explode"):
                if parameter.get(name) != new[key].get(name):
                    yield Change("parameter-style-changed", where, name)
            schemas = parameter.get("schema", {}), new[key].get("schema", {})
            yield from self._sent.changes(*schemas, where)
        for key, parameter in new.items():
            if key not in old and parameter.get("required"):
                where = f"{place}: {parameter['in']} {parameter['name']}"
                yield Change("parameter-required", where)

    def _body(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        before = resolve(self._old, old.get("requestBody", {}))
        after = resolve(self._new, new.get("requestBody", {}))
        if before and not after:
            yield Change("body-removed", place)
            return
        if after.get("required") and not before.get("required"):
            yield Change("body-required", place)
        yield from self._content(self._sent, before, after, f"{place}: body")

    def _answers(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        for status, node in old.get("responses", {}).items():
            where = f"{place}: answer {status}"
            if status not in new.get("responses", {}):
                yield Change("answer-removed", where)
                continue
            before = resolve(self._old, node)
            after = resolve(self._new, new["responses"][status])
            yield from self._content(self._received, before, after, where)
            yield from self._headers(before, after, where)

    def _headers(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        after = {name.lower(): header for name, header in new.get("headers", {}).items()}
        for name, node in old.get("headers", {}).items():
            where = f"{place}: header {name}"
            if name.lower() not in after:
                yield Change("header-removed", where)
                continue
            headers = resolve(self._old, node), resolve(self._new, after[name.lower()])
            schemas = [header.get("schema", {}) for header in headers]
            yield from self._received.changes(schemas[0], schemas[1], where)

    def _content(
        self, comparison: Comparison, old: Json, new: Json, place: str
    ) -> Iterator[Change]:
        for media_type, before in old.get("content", {}).items():
            after = new.get("content", {}).get(media_type)
            if after is None:
                yield Change("media-type-removed", f"{place} {media_type}")
            else:
                schemas = before.get("schema", {}), after.get("schema", {})
                yield from comparison.changes(*schemas, place)

    def _access(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        before, after = (
            operation.get("security", document.get("security", []))
            for operation, document in ((old, self._old), (new, self._new))
        )
        if after and any(way not in after for way in before or [{}]):
            yield Change("security-changed", place)
        scopes = [operation.get("x-required-scope") for operation in (old, new)]
        if scopes[1] not in (None, scopes[0]):
            yield Change("scope-changed", place, f"{scopes[0]} → {scopes[1]}")


def _path(old: str, new: str, place: str) -> Iterator[Change]:
    if old != new:
        yield Change("parameter-renamed", place, new)


def _identity(old: Json, new: Json, place: str) -> Iterator[Change]:
    """Compare what generated clients are named after."""
    if old.get("operationId") != new.get("operationId"):
        ids = f"{old.get('operationId')} → {new.get('operationId')}"
        yield Change("operation-id-changed", place, ids)
    tags = [(operation.get("tags") or [None])[0] for operation in (old, new)]
    if tags[0] != tags[1]:
        yield Change("tag-changed", place, f"{tags[0]} → {tags[1]}")


def _parameters(document: Json, item: Json, operation: Json, path: str) -> Parameters:
    """Return the parameters by kind and name; those in the path by their place in it."""
    places = re.findall(r"{([^}]*)}", path)
    found: Parameters = {}
    for node in [*item.get("parameters", ()), *operation.get("parameters", ())]:
        parameter: dict[str, Any] = resolve(document, node)
        name = parameter["name"]
        if parameter["in"] == "path":
            name = str(places.index(name))
        elif parameter["in"] == "header":
            name = name.lower()
        found[parameter["in"], name] = parameter
    return found
