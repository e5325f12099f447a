"""Reads JSON documents: references, and the alternatives that a schema leaves open."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
_UNIONS = ("anyOf", "oneOf")


def resolve(root: Json, node: Any) -> Json:
    """Return what ``node`` refers to, completed with what stands beside the reference."""
    schema = _as_object(node)
    while (reference := schema.get("$ref")) is not None:
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        schema = {**_as_object(target(root, reference)), **beside}
    return _merge_all(root, schema) if "allOf" in schema else schema


def target(root: Json, reference: str) -> Any:
    """Return the node at a reference such as ``#/components/schemas/Problem``."""
    node: Any = root
    for name in reference.removeprefix("#/").split("/"):
        node = node[name.replace("~1", "/").replace("~0", "~")]
    return node


def alternatives(root: Json, node: Any) -> list[Any]:
    """Return the schemas of which one must hold; a reference to a single one stays as it is."""
    schema = resolve(root, node)
    for union in _UNIONS:
        if union in schema:
            return list(_members(root, schema, union))
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": name} for name in schema["type"]]
    return [node]


def _members(root: Json, schema: Json, union: str) -> Iterator[Any]:
    beside = {name: value for name, value in schema.items() if name != union}
    for member in schema[union]:
        for each in alternatives(root, member):
            yield each if _is_reference(each) else {**beside, **resolve(root, each)}


def _is_reference(node: Any) -> bool:
    return isinstance(node, dict) and "$ref" in node


def _as_object(node: Any) -> Json:
    if isinstance(node, bool):
        return {} if node else {"not": {}}
    schema: Json = node
    return schema


def _merge_all(root: Json, schema: Json) -> Json:
    """Return a schema with its ``allOf`` merged into it."""
    merged: Json = {}
    own = {name: value for name, value in schema.items() if name != "allOf"}
    for part in [*(resolve(root, member) for member in schema["allOf"]), own]:
        both = {
            "properties": {**merged.get("properties", {}), **part.get("properties", {})},
            "required": [*merged.get("required", []), *part.get("required", [])],
        }
        merged = {**merged, **part, **{name: value for name, value in both.items() if value}}
    return merged
