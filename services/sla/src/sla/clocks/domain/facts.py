"""What is known of a conversation: facts with the time at which they happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

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
    return sorted(_steady(by_sequence), key=_place)


@dataclass(slots=True)
class End:
    """Where facts in their order end, so that it can be told whether others come after them."""

    _last: Fact
    _latest: datetime | None
    _lifecycle: int

    @classmethod
    def of(cls, ordered: Sequence[Fact]) -> Self:
        """Return the end of what ``in_order`` has put in order; there is at least one."""
        lifecycle = [fact for fact in ordered if fact.kind in _LIFECYCLE]
        latest = max((fact.occurred_at for fact in lifecycle), default=None)
        return cls(ordered[-1], latest, max((fact.sequence for fact in lifecycle), default=0))

    def continued(self, facts: Iterable[Fact]) -> list[Fact] | None:
        """Return new facts in order if ``in_order`` would put all of them behind the others.

        None when one belongs further in front, or would move others.
        """
        by_sequence = sorted(facts, key=_sequence)
        if any(f.kind in _LIFECYCLE and f.sequence < self._lifecycle for f in by_sequence):
            return None
        ordered = sorted(_steady(by_sequence, self._latest), key=_place)
        return None if ordered and _place(ordered[0]) < _place(self._last) else ordered

    def move(self, ordered: Sequence[Fact]) -> None:
        """Be the end of the facts that ``continued`` has put in order."""
        for fact in ordered:
            self._last = fact
            if fact.kind in _LIFECYCLE:
                self._latest = fact.occurred_at
                self._lifecycle = max(self._lifecycle, fact.sequence)


def _place(fact: Fact) -> tuple[bool, datetime, int, int]:
    return fact.kind is not FactKind.OPENED, fact.occurred_at, _RANK[fact.kind], fact.sequence


def _sequence(fact: Fact) -> int:
    return fact.sequence


def _steady(by_sequence: Iterable[Fact], latest: datetime | None = None) -> Iterator[Fact]:
    """Keep changes of status and attributes in the order in which they were made.

    They follow from each other, so a message that was sent before a conversation was resolved and
    arrived after it reopens it after it, although the event bears the message's own time.
    ``latest`` is the time of the last such change before them.
    """
    for fact in by_sequence:
        if fact.kind not in _LIFECYCLE:
            yield fact
            continue
        latest = fact.occurred_at if latest is None else max(latest, fact.occurred_at)
        yield fact if latest == fact.occurred_at else replace(fact, occurred_at=latest)
