"""The examples of all events tell one story that could have happened."""

import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from common import story
from common.messaging import Envelope
from common.messaging.envelope import headers_of
from tools.contracts.event_catalogue import header_names
from tools.contracts.story import MOMENTS
from tools.export_contracts import example_of, name_of, published

CONTRACTS = Path(__file__).parents[2] / "contracts"
EXAMPLES: dict[str, dict[str, Any]] = {
    event.event_type: json.loads((CONTRACTS / f"{name_of(event)}.example.json").read_text())
    for event in published()
}


def data_of(event_type: str) -> dict[str, Any]:
    data: dict[str, Any] = EXAMPLES[event_type]["data"]
    return data


def test_every_event_has_its_moment():
    assert set(MOMENTS) == set(EXAMPLES)


def test_each_event_has_an_id_of_its_own_of_when_it_was_written():
    ids = [UUID(example["id"]) for example in EXAMPLES.values()]
    assert len(set(ids)) == len(ids)
    for event_type, moment in MOMENTS.items():
        made = UUID(EXAMPLES[event_type]["id"])
        assert made.version == 7
        assert made.int >> 80 == int(moment.recorded_at.timestamp() * 1000)


def test_each_id_of_the_story_is_of_its_day():
    texts = map(str, vars(story).values())
    ids = [UUID(text) for text in texts if re.fullmatch("[0-9a-f-]{36}", text)]
    assert len(set(ids)) == len(ids) > 0
    for made in ids:
        assert made.version == 7
        assert datetime.fromtimestamp((made.int >> 80) / 1000, UTC).date() == date(2026, 11, 23)


def is_of_nobody(event_type: str, data: dict[str, Any]) -> bool:
    """Return whether the event names none of the story's people, as it should."""
    if event_type.endswith(".erasure.completed"):
        assert data["erasure_id"] == data_of("identity.customer.erased")["erasure_id"]
        return True
    if event_type == "identity.customer.retired":
        assert data["customer_id"] == story.NOBODY
        return True
    return False


def test_it_has_one_customer_one_household_one_conversation_and_its_clocks():
    customer = data_of("identity.customer.created")["customer_id"]
    conversation = data_of("interactions.conversation.opened")["conversation_id"]
    for event_type in EXAMPLES:
        data = data_of(event_type)
        if is_of_nobody(event_type, data):
            continue
        if event_type == "identity.customer.redirected":
            assert data["survivor_id"] == customer
            assert [data["customer_id"]] == data_of("identity.customer.merged")["absorbed_ids"]
        elif event_type.startswith("identity.group."):
            assert data["group_id"] == story.LINDQVISTS
            assert data.get("customer_id", customer) == customer
        elif event_type in {"identity.customer.erased", "identity.customer.unmerged"}:
            gone = data.get("customer_ids") or [data["survivor_id"], data["customer_id"]]
            assert customer not in gone, "the story goes on with its customer"
        elif not event_type.startswith("identity.candidate."):
            assert data.get("customer_id", data.get("survivor_id")) == customer
        if event_type == "interactions.interaction.attached":
            assert data["conversation_id"] != conversation, "the customer was unknown at first"
        else:
            assert data.get("conversation_id", conversation) == conversation
        assert data.get("origin_customer_id", customer) == customer


def test_sequences_rise_with_the_time_of_writing():
    by_subject = defaultdict(list)
    for example in EXAMPLES.values():
        by_subject[example["type"].split(".")[0], example["subject_id"]].append(
            (example["recorded_at"], example["sequence"])
        )
    for written in by_subject.values():
        numbers = [sequence for _, sequence in sorted(written)]
        assert numbers == sorted(set(numbers))
    of_customer = [EXAMPLES[name]["sequence"] for name in EXAMPLES if name.startswith("identity.c")]
    assert EXAMPLES["identity.customer.merged"]["sequence"] > 1
    assert min(of_customer) == 1


def test_nothing_is_known_before_it_happens():
    for example in EXAMPLES.values():
        assert example["occurred_at"] <= example["recorded_at"]
    breached = EXAMPLES["sla.clock.breached"]
    data = breached["data"]
    assert data["due_at"] == data["breached_at"] == breached["occurred_at"] < data["detected_at"]
    assert data["detected_at"] <= breached["recorded_at"]
    met = EXAMPLES["sla.clock.met"]
    assert met["data"]["met_at"] == met["occurred_at"] <= met["data"]["due_at"]
    assert data_of("sla.clock.warning")["warn_at"] == EXAMPLES["sla.clock.warning"]["occurred_at"]


def test_the_state_of_the_conversation_carries_on():
    conversation = [
        (MOMENTS[name].sequence, EXAMPLES[name]["data"])
        for name in EXAMPLES
        if name.startswith("interactions.") and "status" in EXAMPLES[name]["data"]
    ]
    before, status = 0, "new"
    for sequence, data in sorted(conversation, key=lambda pair: pair[0]):
        if sequence == before + 1:
            assert data.get("previous_status", status) == status
        before, status = sequence, data["status"]
    assert status == "closed"


def test_the_catalogue_describes_every_header():
    example = example_of(published()[0])
    envelope = Envelope(
        id=example["id"],
        source="/threadline/identity",
        type=example["type"],
        version=1,
        tenant_id="demo",
        occurred_at=MOMENTS[example["type"]].occurred_at,
        recorded_at=MOMENTS[example["type"]].recorded_at,
        sequence=1,
        subject_id=example["subject_id"],
        key=example["subject_id"],
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    assert header_names() == set(headers_of(envelope)) | {"watermark"}
