"""What is known of a conversation: facts with the time at which they happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

ACTIVE = frozenset({"new", "open"})
CLOSED = frozenset({"resolved", "closed"})


class FactKind(StrEnum):
    OPENED = "opened"
    ATTRIBUTES = "attributes"
    CUSTOMER_MESSAGE = "customer_message"
    AGENT_MESSAGE = "agent_message"
    BOT_MESSAGE = "bot_message"
    NOTE = "note"
    STATUS = "status"


# Stop beats pause beats start: at one instant the stronger kind has the last word, so it comes
# last. Providers with whole-second times make a question and its answer simultaneous; the other
# way round the answer would be lost and the clock run into a false breach.
_RANK = {
    FactKind.OPENED: 0,
    FactKind.CUSTOMER_MESSAGE: 1,
    FactKind.AGENT_MESSAGE: 2,
    FactKind.BOT_MESSAGE: 2,
    FactKind.NOTE: 2,
    FactKind.ATTRIBUTES: 3,
    FactKind.STATUS: 3,
}
_LIFECYCLE = frozenset({FactKind.ATTRIBUTES, FactKind.STATUS})


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened. ``sequence`` is the conversation's own count, and its identity.

    ``status`` is set on OPENED and STATUS, ``attributes`` on those and on ATTRIBUTES.
    """

    sequence: int
    kind: FactKind
    occurred_at: datetime
    recorded_at: datetime
    backfill: bool = False
    status: str | None = None
    opened_by: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts once each, in the one order in which they count.

    The opening comes first whatever its time: what happened before a conversation existed cannot
    have started its clocks.
    """
    by_sequence = sorted({fact.sequence: fact for fact in facts}.values(), key=_sequence)
    return sorted(
        _steady(by_sequence),
        key=lambda f: (
            f.kind is not FactKind.OPENED,
            f.occurred_at,
            _RANK[f.kind],
            f.sequence,
        ),
    )


def _sequence(fact: Fact) -> int:
    return fact.sequence


def _steady(by_sequence: Iterable[Fact]) -> Iterator[Fact]:
    """Keep changes of status and attributes in the order in which they were made.

    They follow from each other, so a message that was sent before a conversation was resolved and
    arrived after it reopens it after it, although the event bears the message's own time.
    """
    latest: datetime | None = None
    for fact in by_sequence:
        if fact.kind not in _LIFECYCLE:
            yield fact
            continue
        latest = fact.occurred_at if latest is None else max(latest, fact.occurred_at)
        yield fact if latest == fact.occurred_at else replace(fact, occurred_at=latest)
