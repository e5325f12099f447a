"""The files in ``contracts/`` are what the classes say, and each example keeps its schema."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tools.export_contracts import ROOT, SERVICES, differences, name_of, published

EVENTS = published()


def read(event, kind: str):
    return json.loads((ROOT / "contracts" / f"{name_of(event)}.{kind}.json").read_text())


def test_files_follow_the_classes():
    assert differences(ROOT) == [], "run `make contracts` and look at what changed"


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_the_example_keeps_the_schema(event):
    schema = read(event, "schema")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(read(event, "example"))


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_the_example_is_one_of_the_class(event):
    assert event.model_validate(read(event, "example")["data"]) == event.example()


@pytest.mark.parametrize("service", SERVICES)
def test_the_asyncapi_document_names_every_event_and_refers_to_its_schema(service: str):
    document = json.loads((ROOT / "contracts" / f"{service}.asyncapi.json").read_bytes())
    names = {name_of(event) for event in published() if event.event_type.startswith(service)}
    assert set(document["components"]["messages"]) == names
    for message in document["components"]["messages"].values():
        assert (ROOT / "contracts" / message["payload"]["$ref"]).exists()
    for channel in document["channels"].values():
        assert all(reference["$ref"].rpartition("/")[2] in names
                   for reference in channel["messages"].values())  # fmt: skip
