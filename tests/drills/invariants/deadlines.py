"""Deadlines are as the oracle says, and nobody was told of a breach before it was known."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from tests.drills.invariants.evidence import Evidence, Row
from tests.drills.invariants.oracle import Expected, expected_clocks

GRACE = timedelta(seconds=0.1)
"""What the product gives to answers that are on their way."""
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
    """Say which breaches were declared as certain before their watermark had been told."""
    known = _when_known(evidence)
    for event in evidence.first_told("sla.clocks"):
        body: Mapping[str, Any] = event.body or {}
        if body["type"] == BREACHED and body["data"]["confirmed"]:
            due_at = datetime.fromisoformat(body["data"]["due_at"])
            told_at = datetime.fromisoformat(body["recorded_at"])
            heard_at = known(event.partition, due_at + GRACE)
            if heard_at is None or told_at < heard_at or told_at < due_at:
                yield (
                    f"the breach of {body['subject_id']} at {due_at} was declared at {told_at},"
                    f" known since {heard_at}"
                )


def breaches_are_told_once_and_false_ones_retracted(evidence: Evidence) -> Iterator[str]:
    """Say of which clocks the last word is wrong: a breach untold, told twice, or left standing."""
    told = _told(evidence)
    for key, expected in expected_clocks(evidence).items():
        if wrong := _wrong(told[key], expected, evidence.at):
            yield f"of clock {key} was told: {', '.join(map(str, told[key])) or 'nothing'}; {wrong}"


def certain_breaches_taken_back(evidence: Evidence) -> list[Key]:
    """Return the clocks whose breach was declared as certain and then retracted.

    None is to be expected where nobody reports late what happened earlier.
    """
    pairs = {key: list(pairwise(told)) for key, told in _told(evidence).items()}
    return [
        key
        for key, found in pairs.items()
        if any(one is not None and one.confirmed and then is None for one, then in found)
    ]


class Breach(NamedTuple):
    """What an event says of a breach: whether it is certain, and the answer that came too late."""

    due_at: datetime
    confirmed: bool
    met_at: datetime | None


def _told(evidence: Evidence) -> dict[Key, list[Breach | None]]:
    """Return all that was told of each clock's breach, in order; None is a retraction."""
    told: dict[Key, list[Breach | None]] = defaultdict(list)
    for event in evidence.first_told("sla.clocks"):
        body: Mapping[str, Any] = event.body or {}
        data = body["data"]
        key = data["conversation_id"], data["metric"], data["cycle"]
        if body["type"] == RETRACTED:
            told[key].append(None)
        elif body["type"] == BREACHED:
            due_at = datetime.fromisoformat(data["due_at"])
            met_at = datetime.fromisoformat(data["met_at"]) if data["met_at"] else None
            told[key].append(Breach(due_at, data["confirmed"], met_at))
    return told


def _wrong(told: Sequence[Breach | None], expected: Expected, at: datetime) -> str | None:
    """Say what is wrong with all that was told about the breach of one clock.

    It is told once, and again only with something new: that it is certain, what answered it, or
    another deadline, when something was heard late.
    """
    since: list[Breach] = []
    for one in told:
        since = [] if one is None else [*since, one]
    if not expected.breached(at):
        return "it was in time" if since else None
    if not since:
        return "it was late"
    wrong = {
        "that is the same again": not all(_is_news(*pair) for pair in pairwise(since)),
        "that was never certain": not since[-1].confirmed,
        f"the answer came at {expected.met_at}": since[-1].met_at != expected.met_at,
        f"it was due at {expected.due_at}": since[-1].due_at != expected.due_at,
    }
    return next((what for what, is_so in wrong.items() if is_so), None)


def _is_news(before: Breach, then: Breach) -> bool:
    taken_back = before.confirmed > then.confirmed or (before.met_at and not then.met_at)
    return then != before and not taken_back


def _when_known(evidence: Evidence) -> Callable[[int, datetime], datetime | None]:
    """Return a function that says when a partition told that its watermark had reached a time."""
    steps: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for event in evidence.events["interactions.conversations"]:
        reached, known_before = event.watermark, steps[event.partition]
        if reached is not None and (not known_before or reached > known_before[-1][0]):
            known_before.append((reached, event.appended_at))

    def known(partition: int, at: datetime) -> datetime | None:
        return next((sent for reached, sent in steps[partition] if reached >= at), None)

    return known


def _key(row: Row) -> Key:
    return row["conversation_id"], row["metric"], row["cycle"]
