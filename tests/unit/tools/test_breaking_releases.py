"""The gate compares with the last release, and accepts what an exception excuses."""

import copy
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tools.contracts.breaking.changes import Change
from tools.contracts.breaking.events import compare_channels, compare_events
from tools.contracts.breaking.exceptions import (
    EMPTY,
    Excuse,
    InvalidExceptionError,
    judge,
    read_exceptions,
)
from tools.contracts.breaking.releases import (
    CONTRACTS,
    ROOT,
    compare,
    keep_release,
    last_release,
    read_contracts,
)

NAME = "sla.clock.breached.v1"
EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["type", "data"],
    "properties": {
        "type": {"const": "sla.clock.breached"},
        "data": {
            "type": "object",
            "required": ["metric"],
            "properties": {"metric": {"$ref": "#/$defs/Metric"}, "late": {"type": "boolean"}},
        },
    },
    "$defs": {"Metric": {"type": "string", "enum": ["first_response", "resolution"]}},
}
CHANNELS: dict[str, Any] = {
    "channels": {"sla.clocks": {"messages": {NAME: {}}}},
    "components": {"messages": {NAME: {"headers": {"required": ["ce_id", "watermark"]}}}},
}
REMOVED = Change("operation-removed", "GET /v1/things")


def excuse(*changes: str) -> Excuse:
    return Excuse(date(2026, 11, 30), "Nobody calls it.", changes)


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        (lambda e: e["properties"]["data"]["properties"].pop("late"),
         f"property-removed: {NAME}/data/late"),
        (lambda e: e["properties"]["data"].update(required=[]),
         f"property-optional: {NAME}/data/metric"),
        (lambda e: e["$defs"]["Metric"]["enum"].append("next_response"),
         f'value-added: {NAME}: Metric "next_response"'),
        (lambda e: e["properties"]["data"]["properties"]["late"].update(type="string"),
         f"type-changed: {NAME}/data/late"),
    ],
)  # fmt: skip
def test_a_breaking_change_of_an_event_is_refused(edit: Any, name: str):
    event = copy.deepcopy(EVENT)
    edit(event)
    assert [change.name for change in compare_events({NAME: EVENT}, {NAME: event})] == [name]


def test_an_event_may_not_go_and_may_gain_fields_and_company():
    event = copy.deepcopy(EVENT)
    event["properties"]["data"]["properties"]["team"] = {"type": "string"}
    assert compare_events({NAME: EVENT}, {NAME: event, "sla.clock.met.v1": EVENT}) == []
    assert compare_events({NAME: EVENT}, {}) == [Change("event-removed", NAME)]


def test_an_event_keeps_its_topic_and_headers():
    assert compare_channels(CHANNELS, CHANNELS) == []
    moved = copy.deepcopy(CHANNELS)
    moved["channels"] = {"sla.alerts": {"messages": {NAME: {}}}}
    moved["components"]["messages"][NAME]["headers"]["required"] = ["ce_id", "more"]
    assert [change.name for change in compare_channels(CHANNELS, moved)] == [
        f"header-removed: {NAME}: header watermark",
        f"topic-changed: {NAME}",
    ]


def test_a_change_without_an_exception_is_refused():
    assert judge([REMOVED], [], version="0.2.0") == ["operation-removed: GET /v1/things"]


@pytest.mark.parametrize("pattern", [REMOVED.name, "operation-removed: *", "*: GET /v1/things"])
def test_an_exception_excuses_what_it_names(pattern: str):
    assert judge([REMOVED], [excuse(pattern)], version="0.2.0") == []


def test_an_exception_that_excuses_nothing_is_refused():
    found = judge([REMOVED], [excuse(REMOVED.name, "value-removed: *")], version="0.2.0")
    assert found == ["an exception excuses nothing; remove it: value-removed: *"]


def test_no_exception_is_accepted_from_version_1_on():
    assert judge([REMOVED], [excuse(REMOVED.name)], version="1.0.0") == [
        "exceptions are allowed until version 1.0 only, and this is 1.0.0"
    ]
    assert judge([], [], version="1.0.0") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('reason = "Because."\nchanges = ["x: y"]', "needs a date"),
        ('date = "soon"\nreason = "Because."\nchanges = ["x: y"]', "needs a date"),
        ('date = 2026-11-30\nreason = " "\nchanges = ["x: y"]', "needs a reason"),
        ('date = 2026-11-30\nreason = "Because."', "excuses no change"),
        ('date = 2026-11-30\nreason = "Because."\nchange = ["x: y"]', "unknown field: change"),
    ],
)
def test_an_exception_needs_a_date_a_reason_and_a_change(tmp_path: Path, text: str, problem: str):
    path = tmp_path / "exceptions.toml"
    path.write_text(f"[[exception]]\n{text}\n")
    with pytest.raises(InvalidExceptionError, match=problem):
        read_exceptions(path)


def test_exceptions_are_read_from_the_file(tmp_path: Path):
    path = tmp_path / "exceptions.toml"
    path.write_text(
        EMPTY + '[[exception]]\ndate = 2026-11-30\nreason = "Nobody calls it."\nchanges = ["a: *"]'
    )
    assert read_exceptions(path) == [Excuse(date(2026, 11, 30), "Nobody calls it.", ["a: *"])]


def test_the_last_release_is_the_changelogs_newest():
    newest = re.search(r"^## \[(\d[\d.]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert last_release().name == newest[1], "run `make contracts-release` at a release"


def test_a_release_keeps_the_contracts_and_drops_the_exceptions(tmp_path: Path):
    for path in CONTRACTS.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "exceptions.toml").write_text("[[exception]]")
    (tmp_path / "released/0.0.9").mkdir(parents=True)

    kept = keep_release("0.1.0", tmp_path)

    assert last_release(tmp_path) == kept == tmp_path / "released/0.1.0"
    assert compare(read_contracts(kept), read_contracts(tmp_path)) == []
    assert read_exceptions(tmp_path / "exceptions.toml") == []


def test_two_releases_to_compare_with_are_refused(tmp_path: Path):
    (tmp_path / "released/0.1.0").mkdir(parents=True)
    (tmp_path / "released/0.2.0").mkdir()
    with pytest.raises(RuntimeError, match=r"holds 0\.1\.0, 0\.2\.0"):
        last_release(tmp_path)


def test_the_comparison_covers_api_events_and_topics_of_the_real_contracts():
    old = read_contracts(CONTRACTS)
    new = copy.deepcopy(old)
    new.api["paths"].pop("/v1/changes")
    new.events.pop("sla.clock.breached.v1")
    new.channels["sla"]["channels"] = {}
    assert {change.kind for change in compare(old, new)} == {
        "operation-removed", "event-removed", "topic-changed",
    }  # fmt: skip
