"""The documents describe every field and parameter: what it means, its unit, its values."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
DOCUMENTS = sorted(CONTRACTS.glob("*.openapi.json"))
SCHEMAS = sorted(CONTRACTS.glob("*.schema.json"))


def fields(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property of every object in a schema, with its path."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if isinstance(field, dict):
                yield f"{where}/{name}", field
        for name, part in schema.items():
            yield from fields(part, f"{where}/{name}")
    elif isinstance(schema, list):
        for part in schema:
            yield from fields(part, where)


@pytest.mark.parametrize("path", [*DOCUMENTS, *SCHEMAS], ids=lambda path: path.name)
def test_every_field_is_described(path: Path):
    found = dict(fields(json.loads(path.read_text())))
    assert found
    assert [name for name, field in found.items() if not field.get("description")] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_operation_and_parameter_is_described(path: Path):
    undescribed = []
    for address, operations in json.loads(path.read_text())["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {address}"
            if not (operation.get("summary") and operation.get("description")):
                undescribed.append(where)
            undescribed += [
                f"{where} {parameter['name']}"
                for parameter in operation.get("parameters", ())
                if not parameter.get("description")
            ]
            assert operation["tags"], where
    assert undescribed == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_limit_of_a_list_is_not_given_as_the_length_of_a_text(path: Path):
    assert [
        (address, parameter["name"])
        for address, operations in json.loads(path.read_text())["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if "maxLength" in (schema := parameter.get("schema", {}))
        and any(member.get("type") == "array" for member in schema.get("anyOf", ()))
    ] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_value_of_a_list_that_is_split_at_commas_has_no_empty_part(path: Path):
    """``a,`` would be two values, of which the second is refused."""
    items = {
        (address, parameter["name"]): parameter["schema"]["items"]
        for address, operations in json.loads(path.read_text())["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if "comma" in parameter["description"] and parameter["schema"].get("type") == "array"
    }
    texts = {where: item for where, item in items.items() if not {"enum", "format"} & item.keys()}
    for where, item in texts.items():
        for text in ("a,", ",a", "a,,b", ","):
            assert not re.search(item["pattern"], text), where
