"""Facts: what happened in a conversation, and when."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from sla.rules.domain.instants import micros

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
LIFECYCLE = frozenset({FactKind.ATTRIBUTES, FactKind.STATUS})


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

    @property
    def closes(self) -> bool:
        """Whether it changes the status to one in which the conversation is closed."""
        return self.kind is FactKind.STATUS and self.status in CLOSED


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return each fact once, in the order in which facts count.

    The opening comes first whatever its time: nothing that happened before a conversation existed
    can have started its clocks.
    """
    by_sequence = sorted({fact.sequence: fact for fact in facts}.values(), key=_sequence)
    return sorted(_with_lifecycle_in_sequence(by_sequence), key=_order)


Place = tuple[int, int, int]
"""Where a fact stands among the others: its instant in microseconds, its rank, its sequence."""

BEGINNING: Place = (-(2**62), 0, 0)
"""The place before all facts."""
ENDING: Place = (2**62, 0, 0)
"""The place after all facts."""


def place_of(fact: Fact) -> Place:
    """Return the place of a fact that ``in_order`` or ``End`` has put in order."""
    at = BEGINNING[0] if fact.kind is FactKind.OPENED else micros(fact.occurred_at)
    return at, _RANK[fact.kind], fact.sequence


def in_place(facts: Iterable[Fact]) -> list[Fact]:
    """Return facts in order that were put in order before, apart from each other."""
    return sorted(facts, key=_order)


@dataclass(slots=True)
class End:
    """The end of ordered facts, which decides whether others can be appended to them.

    ``sequence`` is the highest so far, ``changed_at`` the time of the last change of status or
    attributes, ``closing`` the place of the last change to a closed status.
    """

    last: Place
    sequence: int
    changed_at: datetime | None = None
    closing: Place | None = None

    @classmethod
    def of(cls, ordered: Sequence[Fact]) -> Self:
        """Return the end of at least one fact that ``in_order`` has ordered."""
        end = cls(place_of(ordered[0]), 0)
        end.advance(ordered)
        return end

    def takes(self, facts: Iterable[Fact]) -> bool:
        """Return whether new facts leave the order of the others as it is.

        A change of status or attributes that was made before the latest fact does not, because it
        moves later changes and decides which messages they have seen; neither does an opening.
        """
        return all(
            fact.kind is not FactKind.OPENED
            and (fact.kind not in LIFECYCLE or fact.sequence > self.sequence)
            for fact in facts
        )

    def placed(self, facts: Iterable[Fact]) -> list[Fact]:
        """Return new facts that it ``takes`` in the order in which they count."""
        by_sequence = sorted(facts, key=_sequence)
        return sorted(_with_lifecycle_in_sequence(by_sequence, self.changed_at), key=_order)

    def appendable(self, facts: Collection[Fact]) -> list[Fact] | None:
        """Return new facts in order if ``in_order`` would put all of them after the others.

        None when a fact belongs further forward, or would move others.
        """
        if not self.takes(facts):
            return None
        ordered = self.placed(facts)
        return None if ordered and place_of(ordered[0]) < self.last else ordered

    def advance(self, ordered: Iterable[Fact]) -> None:
        """Take in facts that ``in_order`` or ``placed`` has ordered."""
        for fact in ordered:
            self.last = max(self.last, place_of(fact))
            self.sequence = max(self.sequence, fact.sequence)
            if fact.kind in LIFECYCLE:
                self.changed_at = fact.occurred_at
            if fact.closes:
                self.closing = place_of(fact)

    def is_open_from(self, place: Place) -> bool:
        """Return whether no change to a closed status comes at a place or after it."""
        return self.closing is None or self.closing < place


def _order(fact: Fact) -> tuple[bool, datetime, int, int]:
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
        if fact.kind not in LIFECYCLE:
            yield fact
            continue
        latest = fact.occurred_at if latest is None else max(latest, fact.occurred_at)
        yield fact if latest == fact.occurred_at else replace(fact, occurred_at=latest)
