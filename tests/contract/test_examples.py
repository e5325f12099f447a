"""The examples of operations match their own schemas, and nothing is shown under a wrong status.

``tests/examples`` plays them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]
PATH = Path(__file__).parents[2] / "contracts" / "threadline.openapi.json"
DOCUMENT: Json = json.loads(PATH.read_text())
SHOWN = {
    operation["operationId"]: operation
    for item in DOCUMENT["paths"].values()
    for operation in item.values()
}


def examples(operation: Json) -> Iterator[tuple[str, Json, Any]]:
    """Yield place, schema and value of each example of an operation."""
    for parameter in operation.get("parameters", ()):
        for name, example in parameter.get("examples", {}).items():
            yield f"{parameter['name']} {name}", parameter["schema"], example["value"]
    bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
    for place, body in bodies.items():
        for content in body.get("content", {}).values():
            for name, example in content.get("examples", {}).items():
                yield f"{place} {name}", content["schema"], example["value"]


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_examples_match_their_schemas(name: str):
    for place, schema, value in examples(SHOWN[name]):
        described = schema | {"components": DOCUMENT["components"]}
        errors = Draft202012Validator(described, format_checker=FormatChecker()).iter_errors(value)
        assert [error.message for error in errors] == [], place


def names_of_examples(operation: Json) -> set[str]:
    """Return the examples that bodies show; without any body, those that parameters show."""
    answers = [a for status, a in operation["responses"].items() if status < "4"]
    bodies = [body for body in [operation.get("requestBody", {}), *answers] if "content" in body]
    contents = [content for body in bodies for content in body["content"].values()]
    places = contents or operation["parameters"]
    return {name for place in places for name in place.get("examples", ())}


def test_an_operation_has_two_examples():
    few = set()
    for name, operation in SHOWN.items():
        if len(names_of_examples(operation)) < 2:
            few.add(name)
    assert few == set()
