"""The files in ``contracts/`` match the event classes, and each example matches its schema."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tools.contracts.api_documents import built_services
from tools.contracts.beside_events import BESIDE_EVENTS, name_beside, topics_beside
from tools.export_contracts import ROOT, SERVICES, differences, event_modules, name_of, published

EVENTS = published()


def read(event, kind: str):
    return json.loads((ROOT / "contracts" / f"{name_of(event)}.{kind}.json").read_text())


def test_files_match_the_classes():
    assert differences(ROOT) == [], "run `make contracts` and review the changes"


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_the_example_matches_the_schema(event):
    schema = read(event, "schema")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(read(event, "example"))


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_the_example_is_valid_for_the_class(event):
    assert event.model_validate(read(event, "example")["data"]) == event.example()


@pytest.mark.parametrize("record", BESIDE_EVENTS, ids=name_beside)
def test_the_example_of_a_record_beside_events_matches_schema_and_class(record):
    schema, example = (
        json.loads((ROOT / "contracts" / f"{name_beside(record)}.{kind}.json").read_text())
        for kind in ("schema", "example")
    )
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)
    assert record.model_validate(example)


@pytest.mark.parametrize("service", SERVICES)
def test_every_topic_of_a_service_is_described(service: str):
    built = next(each for each in built_services() if each.name == service)
    document = json.loads((ROOT / "contracts" / f"{service}.asyncapi.json").read_bytes())
    own = {topic for topic in built.topics if topic.startswith(f"{service}.")}
    assert own - {"interactions.inbound"} == set(document["channels"])


@pytest.mark.parametrize("service", SERVICES)
def test_the_asyncapi_document_names_every_event_and_refers_to_its_schema(service: str):
    document = json.loads((ROOT / "contracts" / f"{service}.asyncapi.json").read_bytes())
    names = {name_of(event) for event in published() if event.event_type.startswith(service)}
    names |= {name_beside(record) for record, _ in topics_beside(service).values()}
    assert set(document["components"]["messages"]) == names
    for message in document["components"]["messages"].values():
        assert (ROOT / "contracts" / message["payload"]["$ref"]).exists()
    for channel in document["channels"].values():
        assert all(reference["$ref"].rpartition("/")[2] in names
                   for reference in channel["messages"].values())  # fmt: skip


def test_a_part_that_cannot_be_imported_fails_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    events = tmp_path / "service_with_a_broken_part" / "part" / "events"
    events.mkdir(parents=True)
    (events.parents[1] / "__init__.py").touch()
    (events.parent / "__init__.py").write_text("import no_such_module")
    (events / "__init__.py").touch()
    (events / "published.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"cannot import service_with_a_broken_part\.part"):
        list(event_modules("service_with_a_broken_part"))
