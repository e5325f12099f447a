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


def test_an_operation_has_two_examples():
    few = set()
    for name, operation in SHOWN.items():
        answers = [a for status, a in operation["responses"].items() if status < "4"]
        shown = {
            example
            for body in [operation.get("requestBody", {}), *answers]
            for content in body.get("content", {}).values()
            for example in content.get("examples", ())
        }
        if len(shown) < 2:
            few.add(name)
    assert few == set()
