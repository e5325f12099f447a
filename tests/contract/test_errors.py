"""Errors are part of the API: each has a code, words of our own, and a place in the catalogue."""

import ast
import copy
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from common.errors import ErrorCode, ErrorKind, FieldError
from common.jsons import described_patterns, dumps, field_errors, pointer_to
from common.web.openapi import calls
from common.web.problems import PROBLEM_TYPES, STATUS_OF, TITLES, describe_code, example_of
from common.web.requests import BatchBody, JsonBody
from identity.matching.http.problems import PROBLEM_TYPES as OF_CANDIDATES
from identity.merging.http.problems import PROBLEM_TYPES as OF_MERGES
from tools.contracts.api_documents import built_services

ROOT = Path(__file__).parents[2]
TYPES = (*PROBLEM_TYPES, *OF_MERGES, *OF_CANDIDATES)
RAW = re.compile(
    r"\bshould\b|Input|String|\bList\b|pydantic|permitted|Extra|validation|\\|\^|\$$|is not valid"
)
"""Pydantic's own words, regular expressions, and our words for an error without better ones."""
HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**40, "", " ", "x", "é" * 70, "x" * 2_000, "\u0661", "2026-13-01",
    "2026-11-23T09:30:00", "0001-01-01T00:00:00Z", [], [[]], ["x"] * 300, {}, {"x": {}},
    {f"n{n}": 1 for n in range(300)}, "\u202e/~", "a\x00b",
)  # fmt: skip


@cache
def document() -> dict[str, Any]:
    """Return the API's document of one service, which describes problems like all others."""
    described: dict[str, Any] = built_services()[0].api.openapi()
    return described


def request_models() -> dict[str, type[BaseModel]]:
    found: dict[str, type[BaseModel]] = {}
    for service in built_services():
        for route in service.api.routes:
            for call in calls(route.dependant) if isinstance(route, APIRoute) else ():
                if isinstance(call, JsonBody):
                    found[f"{service.name}.{call.model.__name__}"] = call.model
                elif isinstance(call, BatchBody):
                    found[f"{service.name}.{call.item.__name__}"] = call.item
    return found


MODELS = request_models()


def sample(schema: Any, definitions: Any) -> Any:
    """Return a value in which every part of the schema occurs; not always a valid one."""
    if "$ref" in schema:
        return sample(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if options := schema.get("anyOf", schema.get("oneOf")):
        return sample(options[0], definitions)
    kind = schema.get("type")
    if kind == "object":
        inner = schema.get("additionalProperties")
        named = {n: sample(s, definitions) for n, s in schema.get("properties", {}).items()}
        return named or ({"monday": sample(inner, definitions)} if isinstance(inner, dict) else {})
    if kind == "array":
        return [sample(schema.get("items", {}), definitions)]
    values = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
    text = schema.get("enum", [_FORMATS.get(schema.get("format", ""), "email")])[0]
    return values.get(str(kind), text)


_FORMATS = {
    "uuid": "01936a52-7e02-7d4b-9c37-90e1d5c0b7aa",
    "date": "2026-12-24",
    "date-time": "2026-11-23T09:30:00Z",
}


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(node, dict | list):
        for step, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(inner, (*path, step))


def changed(document: Any) -> Iterator[Any]:
    """Yield the document with each value replaced, and each member renamed or left out."""
    for path in places(document):
        for value in HOSTILE:
            yield with_value(document, path, value)
        if path and isinstance(path[-1], str):
            without, parent = copied(document, path)
            value = parent.pop(path[-1])
            yield without
            renamed, parent = copied(document, path)
            parent[path[-1][:-1] + "_"] = value
            yield renamed


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    other, parent = copied(document, path)
    parent[path[-1]] = value
    return other


def copied(document: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return a copy, and in it the parent of the value at ``path``."""
    parent = other = copy.deepcopy(document)
    for step in path[:-1]:
        parent = parent[step]
    return other, parent


def errors_of(model: type[BaseModel], document: Any) -> list[FieldError]:
    try:
        model.model_validate_json(dumps(document))
    except ValidationError as error:
        return field_errors(error, document, model, limit=100)
    return []


@pytest.mark.parametrize("name", MODELS)
def test_no_hostile_body_gets_words_that_are_not_ours(name: str):
    model = MODELS[name]
    schema = model.model_json_schema()
    found: dict[str, set[str]] = {}
    for document in changed(sample(schema, schema.get("$defs", {}))):
        for error in errors_of(model, document):
            assert error.code in set(ErrorCode)
            found.setdefault(error.detail, set()).add(error.pointer)
    assert {detail: where for detail, where in found.items() if RAW.search(detail)} == {}
    assert "is required" in found or not schema.get("required")
    assert any(detail.startswith("there is no such field") for detail in found)


ARABIC, WIDE = ({ord("0") + n: first + n for n in range(10)} for first in (0x660, 0xFF10))
"""Translations of ASCII digits."""


@pytest.mark.parametrize("name", MODELS)
def test_times_dates_and_ids_have_ascii_digits(name: str):
    schema = MODELS[name].model_json_schema()
    document = sample(schema, schema.get("$defs", {}))
    sound = {error.pointer for error in errors_of(MODELS[name], document)}
    for path in places(document):
        value = document
        for step in path:
            value = value[step]
        if value in _FORMATS.values():
            for digits in (ARABIC, WIDE):
                found = errors_of(MODELS[name], with_value(document, path, value.translate(digits)))
                assert {error.pointer for error in found} - sound == {pointer_to(path)}


@pytest.mark.parametrize("name", MODELS)
def test_each_missing_member_is_pointed_at(name: str):
    schema = MODELS[name].model_json_schema()
    pointers = {error.pointer for error in errors_of(MODELS[name], {})}
    assert pointers >= {f"/{member}" for member in schema.get("required", ())}
    assert "" not in pointers


def test_an_interaction_without_identifiers_is_told_which_field_is_missing():
    body = {"channel": "sms", "direction": "inbound", "author": {"type": "customer"}}
    [error] = errors_of(MODELS["interactions.InteractionRequest"], body)
    assert (error.pointer, error.code) == ("/identifiers", ErrorCode.MISSING)


def patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        yield from node.get("patternProperties", ())
        for inner in node.values():
            yield from patterns(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from patterns(inner)


def enforced(node: Any) -> Iterator[str]:
    """Yield the patterns that a model checks; its schema may describe more than it checks."""
    if isinstance(node, dict):
        if node.get("type") == "str" and "pattern" in node:
            yield node["pattern"]
        for inner in node.values():
            yield from enforced(inner)
    elif isinstance(node, list | tuple):
        for inner in node:
            yield from enforced(inner)


def test_every_pattern_has_words():
    found = {p for model in MODELS.values() for p in enforced(model.__pydantic_core_schema__)}
    assert found
    assert found - described_patterns() == set()


def test_published_patterns_are_regular_expressions_of_javascript():
    for service in built_services():
        found = set(patterns(service.api.openapi()))
        assert found
        foreign = re.compile(r"\\[zZAhHG]|\(\?[PaiLmsux<>]|[*+?}]\+|\[\[:")
        assert [pattern for pattern in found if foreign.search(pattern)] == []
        for pattern in found:
            re.compile(pattern)


def type_names() -> Iterator[str]:
    """Yield every type that the code names; too-many-… has two that are put together."""
    for path in [*ROOT.glob("libs/common/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "type_suffix":
                if isinstance(node.value, ast.Constant) and node.value.value is not None:
                    yield str(node.value.value)
                elif isinstance(node.value, ast.JoinedStr):
                    yield from ("too-many-identifiers", "too-many-attributes")


def statuses() -> Iterator[int]:
    """Yield every status that the code gives to an ``HttpError`` without a type."""
    for path in ROOT.glob("libs/common/src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HttpError":
                assert isinstance(node.args[0], ast.Constant), path
                if not any(keyword.arg == "type_suffix" for keyword in node.keywords):
                    yield int(str(node.args[0].value))


def test_the_catalogue_has_every_type_and_nothing_else():
    names = [problem.name for problem in TYPES]
    bare = {TITLES[status].lower().replace(" ", "-") for status in (*statuses(), 405, 500)}
    assert len(names) == len(set(names))
    assert set(names) == set(type_names()) | bare | set(STATUS_OF) - {ErrorKind.MALFORMED}


@pytest.mark.parametrize("problem", TYPES, ids=lambda problem: problem.name)
def test_every_type_has_an_example_that_the_document_describes(problem: Any):
    body = example_of(problem)
    schemas = document()["components"]["schemas"]
    described, entry = schemas["Problem"], schemas["FieldError"]
    assert body["status"] == problem.status
    assert body["title"] == TITLES[problem.status]
    assert set(described["required"]) <= set(body)
    for error in body["errors"]:
        assert set(entry["required"]) <= set(error) <= set(entry["properties"])
    assert problem.when.endswith(".")
    assert problem.repair.endswith(".")


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_is_described(code: ErrorCode):
    assert describe_code(code).endswith(".")
