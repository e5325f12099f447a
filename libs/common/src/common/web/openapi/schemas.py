"""The components of the document: their names, and how schemas are spelled.

Generators name types after components and titles. So every component has its title as its name, no
two have the same one, and nothing else has a title.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Json = dict[str, Any]
PREFIX = "#/components/schemas/"
_REF = PREFIX + "{model}"
_NESTED = ("items", "additionalProperties", "contentSchema", "not", "propertyNames")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPPINGS = ("properties", "patternProperties", "$defs")
_SAYS_DEFAULT = ("absent means", "default:", "if absent", "empty for", "null means")


def request_schemas(
    models: Iterable[type[BaseModel]], answered: Mapping[str, Json]
) -> tuple[dict[type[BaseModel], Json], Json]:
    """Return references to the models of requests, and their schemas.

    A model that answers show too has one component if both are described alike. Otherwise, as with
    fields that only requests may omit, the request's is named with the suffix ``Request``.
    """
    references, top = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template=_REF
    )
    schemas = top.get("$defs", {})
    different = _different(schemas, answered)
    names = {name: f"{schemas[name]['title']}Request" for name in different}
    return (
        {
            model: renamed(dict(reference), names)
            for (model, _), reference in references.items()
            if issubclass(model, BaseModel)
        },
        rename_components(schemas, names),
    )


def _different(requested: Mapping[str, Json], answered: Mapping[str, Json]) -> set[str]:
    """Return the names whose schemas differ, in what they refer to as well."""
    shared = requested.keys() & answered.keys()
    different = {name for name in shared if requested[name] != answered[name]}
    while added := {
        name for name in shared - different if not different.isdisjoint(referred(requested[name]))
    }:
        different |= added
    return different


def titled_names(schemas: Mapping[str, Json]) -> dict[str, str]:
    """Return the title for each component's name. Raises ValueError if two have the same one."""
    names = {name: str(schema.get("title", name)) for name, schema in schemas.items()}
    twice = {title for title in names.values() if list(names.values()).count(title) > 1}
    if twice:
        raise ValueError(f"several schemas have one title: {', '.join(sorted(twice))}")
    return names


def rename_components(schemas: Mapping[str, Json], names: Mapping[str, str]) -> Json:
    """Return the components under their new names, which are their titles too."""
    return {
        names.get(name, name): renamed(schema, names)
        | ({"title": names[name]} if name in names else {})
        for name, schema in schemas.items()
    }


def renamed(node: Any, names: Mapping[str, str]) -> Any:
    """Return a copy of ``node`` whose references use the new names of components."""
    if isinstance(node, dict):
        return {key: renamed(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [renamed(value, names) for value in node]
    if isinstance(node, str) and node.startswith(PREFIX):
        name = node.removeprefix(PREFIX)
        return PREFIX + names.get(name, name)
    return node


def referred(node: Any) -> Iterator[str]:
    """Yield the names of the components that ``node`` refers to."""
    if isinstance(node, dict):
        for value in node.values():
            yield from referred(value)
    elif isinstance(node, list):
        for value in node:
            yield from referred(value)
    elif isinstance(node, str) and node.startswith(PREFIX):
        yield node.removeprefix(PREFIX)


def without_unused(schemas: Mapping[str, Json], users: Any) -> Json:
    """Return the components that ``users`` refer to, directly or through others; sorted."""
    used: set[str] = set()
    waiting = set(referred(users))
    while waiting:
        name = waiting.pop()
        used.add(name)
        waiting |= set(referred(schemas[name])) - used
    return {name: schemas[name] for name in sorted(used)}


def spell(schemas: Mapping[str, Json]) -> None:
    """Spell components as generators need them; see the functions below."""
    for schema in schemas.values():
        _each(schema, _refer)
        _each(schema, _spell_pattern)
        _each(schema, _say_default)
        title = schema["title"]
        _each(schema, _drop_title)
        schema["title"] = title


def spell_parameter(schema: Json) -> None:
    """Spell the schema of a parameter, which is absent or has a value and is never null.

    Its default stays: generators make it optional.
    """
    _each(schema, _spell_pattern)
    _each(schema, _spell_limit)
    _each(schema, _drop_title)
    _drop_null(schema)


def _drop_null(schema: Json) -> None:
    others = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(others) == 1:
        del schema["anyOf"]
        schema.update(others[0])
    if schema.get("default", ...) is None:
        del schema["default"]


def _each(schema: Any, change: Callable[[Json], Any]) -> None:
    """Apply ``change`` to a schema and to all schemas inside it."""
    if not isinstance(schema, dict):
        return
    change(schema)
    for key in _NESTED:
        _each(schema.get(key), change)
    for key in _LISTS:
        for inner in schema.get(key, ()):
            _each(inner, change)
    for key in _MAPPINGS:
        for inner in schema.get(key, {}).values():
            _each(inner, change)


def _refer(schema: Json) -> None:
    """Replace ``x-component``, which pydantic lets through, by a reference to the component."""
    if "x-component" in schema:
        schema["$ref"] = PREFIX + schema.pop("x-component")


def _drop_title(schema: Json) -> None:
    schema.pop("title", None)


def _spell_pattern(schema: Json) -> None:
    r"""Write ``\z`` as ``$``: JSON Schema's expressions are those of ECMAScript.

    An object whose member names have a pattern accepts no other members.
    """
    if "pattern" in schema:
        schema["pattern"] = _ecmascript(schema["pattern"])
    if "patternProperties" in schema:
        named = schema["patternProperties"]
        schema["patternProperties"] = {_ecmascript(name): inner for name, inner in named.items()}
        schema["additionalProperties"] = False


def _spell_limit(schema: Json) -> None:
    """Write the limit of a list that may be absent at the list; pydantic calls it a length."""
    lists = [member for member in schema.get("anyOf", ()) if member.get("type") == "array"]
    if lists and "maxLength" in schema:
        most = schema.pop("maxLength")
        for member in lists:
            member["maxItems"] = most


def _ecmascript(pattern: str) -> str:
    return pattern.replace(r"\z", "$")


def _say_default(schema: Json) -> None:
    """Move the default of a field into its description.

    Generators take a field with a ``default`` for one that is always present, in requests too.
    """
    if "default" not in schema:
        return
    default = schema.pop("default")
    text = schema.get("description", "")
    if isinstance(default, bool | int | str) and not any(s in text.lower() for s in _SAYS_DEFAULT):
        word = default if isinstance(default, str) else str(default).lower()
        schema["description"] = f"{text} Default: `{word}`."
