"""Facts: what happened in a conversation, and when."""

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


# Stop beats pause beats start: at one instant the stronger kind comes last and so decides.
# Providers with whole-second times make a question and its answer simultaneous; in the opposite
# order the answer would be lost and the clock would breach falsely.
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
    """One thing that happened. ``sequence`` numbers the conversation's facts and identifies it.

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
    """Return each fact once, in the order in which facts count.

    The opening comes first whatever its time: nothing that happened before a conversation existed
    can have started its clocks.
    """
    by_sequence = sorted({fact.sequence: fact for fact in facts}.values(), key=_sequence)
    return sorted(_with_lifecycle_in_sequence(by_sequence), key=_place)


@dataclass(slots=True)
class End:
    """The end of ordered facts, which decides whether others can be appended to them."""

    _last: Fact
    _lifecycle_at: datetime | None
    _lifecycle_sequence: int

    @classmethod
    def of(cls, ordered: Sequence[Fact]) -> Self:
        """Return the end of at least one fact that ``in_order`` has ordered."""
        lifecycle = [fact for fact in ordered if fact.kind in _LIFECYCLE]
        latest = max((fact.occurred_at for fact in lifecycle), default=None)
        return cls(ordered[-1], latest, max((fact.sequence for fact in lifecycle), default=0))

    def appendable(self, facts: Iterable[Fact]) -> list[Fact] | None:
        """Return new facts in order if ``in_order`` would put all of them after the others.

        None when a fact belongs further forward, or would move others.
        """
        by_sequence = sorted(facts, key=_sequence)
        if any(f.kind in _LIFECYCLE and f.sequence < self._lifecycle_sequence for f in by_sequence):
            return None
        ordered = sorted(_with_lifecycle_in_sequence(by_sequence, self._lifecycle_at), key=_place)
        return None if ordered and _place(ordered[0]) < _place(self._last) else ordered

    def advance(self, ordered: Sequence[Fact]) -> None:
        """Move behind facts that ``appendable`` has ordered."""
        for fact in ordered:
            self._last = fact
            if fact.kind in _LIFECYCLE:
                self._lifecycle_at = fact.occurred_at
                self._lifecycle_sequence = max(self._lifecycle_sequence, fact.sequence)


def _place(fact: Fact) -> tuple[bool, datetime, int, int]:
    return fact.kind is not FactKind.OPENED, fact.occurred_at, _RANK[fact.kind], fact.sequence


def _sequence(fact: Fact) -> int:
    return fact.sequence


def _with_lifecycle_in_sequence(
    by_sequence: Iterable[Fact], latest: datetime | None = None
) -> Iterator[Fact]:
    """Keep changes of status and attributes in the order in which they were made.

    They follow from each other: a message that was sent before a conversation was resolved and
    arrived afterwards reopens it afterwards, although the event has the message's own time.
    ``latest`` is the time of the last such change before these facts.
    """
    for fact in by_sequence:
        if fact.kind not in _LIFECYCLE:
            yield fact
            continue
        latest = fact.occurred_at if latest is None else max(latest, fact.occurred_at)
        yield fact if latest == fact.occurred_at else replace(fact, occurred_at=latest)
