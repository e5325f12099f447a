"""Deadlines are as the oracle says, and nobody was told of a breach before it was known."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.drills.invariants.evidence import Event, Evidence, Row
from tests.drills.invariants.promises import Expected, expected_clocks

BREACHED, RETRACTED = "sla.clock.breached", "sla.breach.retracted"

Key = tuple[str, str, int]


def clocks_are_as_the_oracle_says(evidence: Evidence) -> Iterator[str]:
    """Say which clocks are missing, superfluous, or in another state than the events make them."""
    clocks = {_key(row): row for row in evidence.rows["sla"]["clock"]}
    for key, expected in expected_clocks(evidence).items():
        row = clocks.pop(key, None)
        if row is None:
            yield f"there is no clock {key}"
        else:
            yield from _differs(key, row, expected, evidence.at)
    for key, row in clocks.items():
        yield f"no event asks for the clock {key}, which is {row['state']}"


def _differs(key: Key, row: Row, expected: Expected, at: datetime) -> Iterator[str]:
    if row["started_at"] != expected.started_at or row["due_at"] != expected.due_at:
        yield f"clock {key} runs to {row['due_at']} and not to {expected.due_at}"
    if row["state"] != expected.state(at):
        yield f"clock {key} is {row['state']} and not {expected.state(at)}"
    if row["state"] == "breached" and row["breached_at"] != expected.due_at:
        yield f"clock {key} breached at {row['breached_at']} and not at {expected.due_at}"


def breaches_wait_for_their_source(evidence: Evidence) -> Iterator[str]:
    """Say which breaches were declared as certain before their source was known to the deadline.

    An answer that came too late needs no such knowledge: it says itself that none came before.
    """
    known = _when_known(evidence.events["interactions.conversations"])
    for event in evidence.first_told("sla.clocks"):
        body: Mapping[str, Any] = event.body or {}
        certain = body["type"] == BREACHED and body["data"]["confirmed"]
        if certain and body["data"]["met_at"] is None:
            due_at = datetime.fromisoformat(body["data"]["due_at"])
            told_at = datetime.fromisoformat(body["recorded_at"])
            heard_at = known(event.partition, body["data"]["conversation_id"], due_at)
            if heard_at is None or told_at < heard_at or told_at < due_at:
                yield f"the breach of {body['subject_id']} at {due_at} was declared at {told_at}"


def breaches_are_told_once_and_false_ones_retracted(evidence: Evidence) -> Iterator[str]:
    """Say of which clocks the last word is wrong: a breach untold, told twice, or left standing."""
    told = _told(evidence)
    for key, expected in expected_clocks(evidence).items():
        if wrong := _wrong(told[key], breached=expected.breached(evidence.at)):
            yield f"of clock {key} was told: {', '.join(told[key]) or 'no breach'}; {wrong}"


def certain_breaches_taken_back(evidence: Evidence) -> list[Key]:
    """Return the clocks whose breach was declared as certain and then retracted.

    None is to be expected where nobody reports late what happened earlier.
    """
    pairs = {key: list(pairwise(told)) for key, told in _told(evidence).items()}
    return [key for key, found in pairs.items() if ("certain", "retracted") in found]


def _told(evidence: Evidence) -> dict[Key, list[str]]:
    told: dict[Key, list[str]] = defaultdict(list)
    for event in evidence.first_told("sla.clocks"):
        body: Mapping[str, Any] = event.body or {}
        data = body["data"]
        key = data["conversation_id"], data["metric"], data["cycle"]
        if body["type"] == RETRACTED:
            told[key].append("retracted")
        elif body["type"] == BREACHED and not (data["met_at"] and told[key][-1:] == ["certain"]):
            # Told again with the answer that came too late, it is the same breach.
            told[key].append("certain" if data["confirmed"] else "unconfirmed")
    return told


def _wrong(told: Sequence[str], *, breached: bool) -> str | None:
    """Say what is wrong with all that was told about the breach of one clock."""
    since = list(told[_last(told, "retracted") + 1 :])
    if not breached:
        return "it was in time" if since else None
    if not since:
        return "it was late"
    return None if since in (["certain"], ["unconfirmed", "certain"]) else "that is not once"


def _last(words: Sequence[str], wanted: str) -> int:
    return max((place for place, word in enumerate(words) if word == wanted), default=-1)


def _when_known(
    source: Sequence[Event],
) -> Callable[[int, str, datetime], datetime | None]:
    """Return a function that says when all that was written before a time had been told.

    A partition's watermark says so, and so does an event of the conversation itself that was
    written later, because those stand in order: an answer that came too late proves the breach.
    """
    steps: dict[int | str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for event in source:
        marks: dict[int | str, datetime | None] = {event.partition: event.watermark}
        if event.body is not None:
            written_at = datetime.fromisoformat(event.body["recorded_at"])
            marks[event.body["subject_id"]] = written_at
        for what, mark in marks.items():
            if mark is not None and (not steps[what] or mark > steps[what][-1][0]):
                steps[what].append((mark, event.appended_at))

    def known(partition: int, conversation_id: str, at: datetime) -> datetime | None:
        both = steps[partition], steps[conversation_id]
        firsts = (next((sent for mark, sent in each if mark >= at), None) for each in both)
        return min((sent for sent in firsts if sent is not None), default=None)

    return known


def _key(row: Row) -> Key:
    return row["conversation_id"], row["metric"], row["cycle"]
