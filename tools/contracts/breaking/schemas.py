"""Compares two versions of a JSON Schema from one side."""

import json
import math
from collections.abc import Iterator
from typing import Any

from tools.contracts.breaking.changes import Change, Side
from tools.contracts.breaking.documents import Json, alternatives, resolve, target

_LOWER = {
    "minimum": -math.inf, "exclusiveMinimum": -math.inf,
    "minLength": 0, "minItems": 0, "minProperties": 0,
}  # fmt: skip
_UPPER = dict.fromkeys(
    ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), math.inf
)
"""Limits, with what holds where one is not given."""
_ANNOTATIONS = frozenset(
    ("$schema", "$id", "$defs", "$comment", "title", "description", "examples", "example",
     "deprecated", "default", "discriminator", "readOnly", "writeOnly", "externalDocs", "xml")
)  # fmt: skip
_COMPARED = frozenset(
    ("type", "enum", "const", "format", "properties", "patternProperties", "propertyNames",
     "required", "additionalProperties", "items", *_LOWER, *_UPPER)
)  # fmt: skip
_TYPE_OF = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


class Comparison:
    """Compares schemas of two documents; a component is compared, and reported, once."""

    def __init__(self, old: Json, new: Json, side: Side, *, prefix: str = "") -> None:
        self._old = old
        self._new = new
        self._side = side
        self._prefix = prefix  # of the names of components
        self._pairs: dict[tuple[int, int], list[Change]] = {}

    def changes(self, old: Any, new: Any, place: str) -> list[Change]:
        """Return what breaks; where several types are allowed, each must have one that fits."""
        olds, news = alternatives(self._old, old), alternatives(self._new, new)
        if len(olds) == len(news) == 1:
            return self._pair(olds[0], news[0], place)
        found: list[Change] = []
        if self._side is Side.SENDS:
            for each in olds:
                pairs = [(each, other) for other in news]
                found += self._closest(pairs, place, "type-removed", _type(self._old, each))
        else:
            for each in news:
                pairs = [(other, each) for other in olds]
                found += self._closest(pairs, place, "type-added", _type(self._new, each))
        return found

    def _closest(
        self, pairs: list[tuple[Any, Any]], place: str, kind: str, name: str | None
    ) -> list[Change]:
        """Return the changes of the pair that fits best, none if one fits."""
        results = [self._pair(old, new, place) for old, new in pairs if self._may_fit(old, new)]
        return min(results, key=len, default=[Change(kind, place, name or "any")])

    def _may_fit(self, old: Any, new: Any) -> bool:
        types = {_type(self._old, old), _type(self._new, new)}
        return len(types) == 1 or None in types or types == {"integer", "number"}

    def _pair(self, old: Any, new: Any, place: str) -> list[Change]:
        references = [isinstance(node, dict) and node.get("$ref") for node in (old, new)]
        if not any(references):
            return list(self._compare(resolve(self._old, old), resolve(self._new, new), place))
        key = (
            id(target(self._old, references[0]) if references[0] else old),
            id(target(self._new, references[1]) if references[1] else new),
        )
        if references[0]:
            place = self._prefix + str(references[0]).rpartition("/")[2]
        if key not in self._pairs:
            self._pairs[key] = []  # a schema inside itself is compared by the call outside
            found = self._compare(resolve(self._old, old), resolve(self._new, new), place)
            self._pairs[key] = [*_names(references, place), *found]
        return self._pairs[key]

    def _compare(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        types = _type_of(old), _type_of(new)
        narrow, wide = self._narrow_and_wide(*types)
        if wide not in (None, narrow) and (narrow, wide) != ("integer", "number"):
            yield Change("type-changed", place, f"{types[0] or 'any'} → {types[1] or 'any'}")
            return
        yield from self._values(old, new, place)
        yield from self._meaning(old, new, place)
        yield from self._rules(old, new, place)
        if "object" in types:
            yield from self._members(old, new, place)
            yield from self._further_members(old, new, place)
        if "array" in types:
            yield from self.changes(old.get("items", {}), new.get("items", {}), f"{place}/*")

    def _narrow_and_wide(self, old: Any, new: Any) -> tuple[Any, Any]:
        """Return first what must lie within the second."""
        return (old, new) if self._side is Side.SENDS else (new, old)

    def _values(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        olds, news = _values_of(old), _values_of(new)
        if olds is not None and news is not None:
            for value in sorted(olds - news):
                yield Change("value-removed", f"{place} {value}")
            for value in sorted(news - olds) if self._side is Side.RECEIVES else ():
                yield Change("value-added", f"{place} {value}", "the list was closed")
        elif olds is None and news is not None and self._side is Side.SENDS:
            yield Change("values-limited", place, ", ".join(sorted(news)))
        elif olds is not None and news is None and self._side is Side.RECEIVES:
            yield Change("values-unlimited", place)

    def _meaning(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        """Compare how clients read a value, and what its absence means."""
        if old.get("format") != new.get("format"):
            yield Change("format-changed", place, _step(old, new, "format"))
        if self._side is Side.SENDS and new.get("default", old.get("default")) != old.get(
            "default"
        ):
            yield Change("default-changed", place, _step(old, new, "default"))

    def _rules(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        narrow, wide = self._narrow_and_wide(old, new)
        for limits, sign in ((_LOWER, 1), (_UPPER, -1)):
            for name, default in limits.items():
                if wide.get(name, default) * sign > narrow.get(name, default) * sign:
                    yield Change("limit-changed", place, _step(old, new, name))
        for name in sorted({*old, *new} - _ANNOTATIONS - _COMPARED):
            if name in wide and not name.startswith("x-") and wide[name] != narrow.get(name):
                yield Change("rule-changed", place, _step(old, new, name))
        if "propertyNames" in wide:
            names = old.get("propertyNames", {}), new.get("propertyNames", {})
            yield from self.changes(*names, f"{place} member names")

    def _members(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        for keyword in ("properties", "patternProperties"):
            olds, news = old.get(keyword, {}), new.get(keyword, {})
            for name, schema in olds.items():
                if name in news:
                    yield from self.changes(schema, news[name], f"{place}/{name}")
                else:
                    yield Change("property-removed", f"{place}/{name}")
        olds, news = set(old.get("required", ())), set(new.get("required", ()))
        if self._side is Side.SENDS:
            for name in sorted(news - olds):
                yield Change("property-required", f"{place}/{name}")
        else:
            for name in sorted((olds - news) & set(new.get("properties", {}))):
                yield Change("property-optional", f"{place}/{name}")

    def _further_members(self, old: Json, new: Json, place: str) -> Iterator[Change]:
        """Compare what members without a name of their own may be, where the old one said so."""
        before, after = old.get("additionalProperties"), new.get("additionalProperties")
        if before in (None, False):
            return
        if after is False or (after is None and self._side is Side.RECEIVES):
            yield Change("map-removed", place)
        elif after is not None:
            yield from self.changes(before, after, f"{place}/*")


def _names(references: list[Any], place: str) -> Iterator[Change]:
    """Compare the names of components, after which generated clients call their types."""
    names = [str(reference).rpartition("/")[2] for reference in references if reference]
    if len(set(names)) > 1:
        yield Change("component-renamed", place, names[1])


def _type(root: Json, node: Any) -> str | None:
    return _type_of(resolve(root, node))


def _type_of(schema: Json) -> str | None:
    """Return the type, which the values may tell; None where any is allowed."""
    if "type" in schema:
        return str(schema["type"])
    if "const" in schema or "enum" in schema:
        types = {_TYPE_OF.get(type(v)) for v in schema.get("enum", [schema.get("const")])}
        return types.pop() if len(types) == 1 else None
    return "object" if "properties" in schema else None


def _values_of(schema: Json) -> set[str] | None:
    """Return the values that are listed, as JSON; None where there is no list."""
    if "const" in schema:
        return {json.dumps(schema["const"])}
    return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None


def _step(old: Json, new: Json, name: str) -> str:
    return f"{name}: {old.get(name, 'not given')} → {new.get(name, 'not given')}"
