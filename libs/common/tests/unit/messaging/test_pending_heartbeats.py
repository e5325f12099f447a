"""Which heartbeats a consumer remembers until it has reached them, and what it can read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.messaging import Record
from common.messaging.watermarks import Heartbeat, PendingHeartbeats, PromptRequest

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def beat(offset: int, seconds: int, partition: int = 0) -> Heartbeat:
    return Heartbeat("notes.notes", partition, offset, START + timedelta(seconds=seconds))


def pending(*beats: Heartbeat) -> PendingHeartbeats:
    noted = PendingHeartbeats()
    for each in beats:
        noted.note(each)
    return noted


def test_a_heartbeat_counts_once_its_offset_is_reached_and_only_once():
    noted = pending(beat(10, 1))
    assert noted.take({0: 9}) == []
    assert noted.take({0: 10}) == [beat(10, 1)]
    assert noted.take({0: 11}) == []


def test_the_latest_of_those_that_speak_up_to_the_position_counts():
    assert pending(beat(10, 1), beat(10, 2)).take({0: 10}) == [beat(10, 2)]


def test_a_consumer_that_is_always_behind_reaches_the_first():
    noted = pending(*(beat(10 * n, n) for n in range(1, 100)))
    assert noted.take({0: 10}) == [beat(10, 1)]
    assert noted.take({0: 990}) == [beat(990, 99)]


def test_a_heartbeat_that_the_position_has_passed_is_forgotten():
    noted = pending(beat(10, 1))
    assert noted.take({0: 11}) == []
    assert noted.take({0: 10}) == []


def test_a_partition_of_somebody_else_keeps_its_heartbeat():
    noted = pending(beat(10, 1), beat(5, 1, partition=1))
    assert noted.take({1: 5}) == [beat(5, 1, partition=1)]
    assert noted.take({0: 10, 1: 5}) == [beat(10, 1)]


def test_a_topic_that_was_created_again_starts_with_its_own_offsets():
    noted = pending(beat(500, 1), beat(3, 2))
    assert noted.take({0: 3}) == [beat(3, 2)]
    assert noted.take({0: 500}) == []


def test_a_heartbeat_of_a_topic_that_was_created_again_does_not_count_at_the_old_position():
    assert pending(beat(3, 2)).take({0: 500}) == []


def test_what_could_not_be_stored_is_taken_again_unless_a_later_one_replaces_it():
    noted = pending(beat(10, 1))
    noted.put_back(noted.take({0: 10}))
    assert noted.take({0: 10}) == [beat(10, 1)]
    noted.note(beat(10, 2))
    noted.put_back([beat(10, 1)])
    assert noted.take({0: 10}) == [beat(10, 2)]


@given(st.lists(st.sampled_from(["event", "heartbeat", "hear", "apply"]), max_size=60))
def test_no_watermark_counts_early_and_the_last_one_counts_in_the_end(steps):
    """A relay sends events, with the watermark so far, and heartbeats; a consumer hears of both."""
    noted, stored = PendingHeartbeats(), START
    events: list[datetime] = []
    unheard: list[Heartbeat] = []
    covered = {0: START}  # the latest watermark that is true once so many events are applied
    reached, applied = START, 0
    for number, step in enumerate([*steps, *["hear"] * len(steps), *["apply"] * len(steps)], 1):
        if step == "event":
            events.append(reached)
        elif step == "heartbeat":
            unheard.append(beat(len(events), number))
            reached = unheard[-1].watermark
            covered[len(events)] = reached
        elif step == "hear" and unheard:
            noted.note(unheard.pop(0))
        elif step == "apply" and applied < len(events):
            stored = max(stored, events[applied])
            applied += 1
        for taken in noted.take({0: applied}):
            assert taken.watermark > stored
            stored = taken.watermark
        assert stored <= max(at for count, at in covered.items() if count <= applied)
    assert stored == reached


def record(value: bytes | None) -> Record:
    return Record("notes.watermarks", 0, 0, b"", value)


def test_a_heartbeat_is_read_as_it_was_sent():
    sent = beat(7, 3, partition=2).outgoing(service="notes")
    assert (sent.topic, sent.partition, sent.key) == ("notes.watermarks", 0, b"notes.notes/2")
    assert Heartbeat.read(record(sent.value)) == beat(7, 3, partition=2)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"nonsense",
        b"[]",
        b'{"topic":"t","partition":0,"offset":-1,"watermark":"2026-01-01T00:00:00Z"}',
        b'{"topic":"t","partition":0,"offset":1,"watermark":"2026-01-01T00:00:00"}',
        b'{"topic":"t","partition":0,"offset":9223372036854775808,"watermark":"2026-01-01T00:00Z"}',
        b'{"topic":"t","partition":0,"offset":1,"watermark":"0001-01-01T00:00:00+14:00"}',
    ],
)
def test_what_is_no_heartbeat_is_skipped(value):
    assert Heartbeat.read(record(value)) is None


@pytest.mark.parametrize(
    "value", [None, b"{}", b'{"topic":"t","seconds":11}', b'{"topic":"t","seconds":0}']
)
def test_a_request_that_is_none_or_asks_for_too_long_is_skipped(value):
    assert PromptRequest.read(record(value)) is None
