"""Clocks match the oracle, and no breach was declared before it was certain."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from tests.drills.invariants.evidence import Evidence, Row
from tests.drills.invariants.oracle import Expected, expected_clocks

GRACE = timedelta(seconds=0.1)
"""What the product allows for answers in transit."""
CONVERSATIONS = "interactions.conversations"
BREACHED, RETRACTED = "sla.clock.breached", "sla.breach.retracted"

Key = tuple[str, str, datetime]
"""Conversation, metric and start of a clock."""


def clocks_match_the_oracle(evidence: Evidence) -> Iterator[str]:
    """Yield the clocks that are missing, superfluous, or differ from what the events imply."""
    clocks = {_key(row): row for row in evidence.rows["sla"]["clock"]}
    for key, expected in expected_clocks(evidence).items():
        row = clocks.pop(key, None)
        if row is None:
            yield f"clock {key} is missing"
        else:
            yield from _differs(key, row, expected, evidence.at)
    for key, row in clocks.items():
        yield f"clock {key} is {row['state']} although no event implies it"


def _differs(key: Key, row: Row, expected: Expected, at: datetime) -> Iterator[str]:
    if row["started_at"] != expected.started_at or row["due_at"] != expected.due_at:
        yield f"clock {key} is due at {row['due_at']} instead of {expected.due_at}"
    if row["state"] != expected.state(at):
        yield f"clock {key} is {row['state']} instead of {expected.state(at)}"
    if row["state"] == "breached" and row["breached_at"] != expected.due_at:
        yield f"clock {key} breached at {row['breached_at']} instead of {expected.due_at}"


def breaches_wait_for_their_source(evidence: Evidence) -> Iterator[str]:
    """Yield the breaches that were declared certain before the watermark passed their deadline."""
    watermark_time = _watermark_times(evidence)
    for event in evidence.first_published("sla.clocks"):
        body: Mapping[str, Any] = event.body or {}
        if body["type"] == BREACHED and body["data"]["confirmed"]:
            due_at = datetime.fromisoformat(body["data"]["due_at"])
            declared_at = datetime.fromisoformat(body["recorded_at"])
            passed_at = watermark_time(event.partition, due_at + GRACE)
            if passed_at is None or declared_at < passed_at or declared_at < due_at:
                yield (
                    f"the breach of {body['subject_id']} at {due_at} was declared at {declared_at},"
                    f" but the watermark passed at {passed_at}"
                )


def breaches_are_announced_once_and_false_ones_retracted(evidence: Evidence) -> Iterator[str]:
    """Yield the clocks whose breach was not announced, announced twice, or not retracted."""
    histories = _histories(evidence)
    for key, expected in expected_clocks(evidence).items():
        if wrong := _wrong(histories[key], expected, evidence.at):
            events = ", ".join(map(str, histories[key])) or "nothing"
            yield f"clock {key} announced {events}; {wrong}"


def retracted_certain_breaches(evidence: Evidence) -> list[Key]:
    """Return the clocks whose breach was declared certain and then retracted.

    Without messages that are reported late, there must be none.
    """
    pairs = {key: list(pairwise(history)) for key, history in _histories(evidence).items()}
    return [
        key
        for key, steps in pairs.items()
        if any(before is not None and before.confirmed and then is None for before, then in steps)
    ]


class Breach(NamedTuple):
    """The content of a breach event: ``met_at`` is when an answer came, too late."""

    due_at: datetime
    confirmed: bool
    met_at: datetime | None


def _histories(evidence: Evidence) -> dict[Key, list[Breach | None]]:
    """Return the events about each clock's breach, in order; None is a retraction."""
    # By the start that the clock has in the end: a late message may have moved it.
    keys = {row["clock_id"]: _key(row) for row in evidence.rows["sla"]["clock"]}
    histories: dict[Key, list[Breach | None]] = defaultdict(list)
    for event in evidence.first_published("sla.clocks"):
        body: Mapping[str, Any] = event.body or {}
        data = body["data"]
        key = keys.get(data["clock_id"])
        if key is None:
            continue  # that the row is missing, clocks_match_the_oracle reports
        if body["type"] == RETRACTED:
            histories[key].append(None)
        elif body["type"] == BREACHED:
            due_at = datetime.fromisoformat(data["due_at"])
            met_at = datetime.fromisoformat(data["met_at"]) if data["met_at"] else None
            histories[key].append(Breach(due_at, data["confirmed"], met_at))
    return histories


def _wrong(history: Sequence[Breach | None], expected: Expected, at: datetime) -> str | None:
    """Return what is wrong with the events about the breach of a clock, or None.

    A breach is announced once, and again only with something new: it became certain, an answer
    came, or a late message moved its deadline.
    """
    breaches: list[Breach] = []
    for breach in history:
        breaches = [] if breach is None else [*breaches, breach]
    if not expected.breached(at):
        return "it was in time" if breaches else None
    if not breaches:
        return "it was late"
    wrong = {
        "that repeats the same breach": not all(_is_new(*pair) for pair in pairwise(breaches)),
        "that never became certain": not breaches[-1].confirmed,
        f"the answer came at {expected.met_at}": breaches[-1].met_at != expected.met_at,
        f"it was due at {expected.due_at}": breaches[-1].due_at != expected.due_at,
    }
    return next((what for what, is_so in wrong.items() if is_so), None)


def _is_new(before: Breach, then: Breach) -> bool:
    withdrawn = before.confirmed > then.confirmed or (before.met_at and not then.met_at)
    return then != before and not withdrawn


def _watermark_times(evidence: Evidence) -> Callable[[int, datetime], datetime | None]:
    """Return a function of a partition and a time: when did the watermark reach it?"""
    steps: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for event in evidence.events[CONVERSATIONS]:
        if event.watermark is not None:
            steps[event.partition].append((event.appended_at, event.watermark))
    for sent in evidence.heartbeats[CONVERSATIONS]:
        beat = sent.heartbeat
        steps[beat.partition].append((sent.appended_at, beat.watermark))

    def watermark_time(partition: int, at: datetime) -> datetime | None:
        return min((sent for sent, reached in steps[partition] if reached >= at), default=None)

    return watermark_time


def _key(row: Row) -> Key:
    return row["conversation_id"], row["metric"], row["started_at"]
