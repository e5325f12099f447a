"""From facts to clocks, in any order and with any repetition of the facts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.course import Course
from sla.clocks.domain.facts import End, Fact, FactKind, in_order
from sla.rules.domain.conditions import Attributes
from sla.rules.domain.policy import Ruleset


@dataclass(frozen=True, slots=True)
class Folded:
    """``matched`` is true when any policy ever covered the conversation."""

    clocks: tuple[Clock, ...]
    matched: bool


def fold(facts: Iterable[Fact], rules: Ruleset, *, fallback: Attributes) -> Folded:
    """Return the clocks of a conversation.

    ``fallback`` are its latest known attributes, used when its opening is unknown.
    """
    ordered = in_order(facts)
    if not ordered:
        return Folded((), matched=False)
    if ordered[0].kind is not FactKind.OPENED:
        ordered.insert(0, _supposed_opening(ordered[0], fallback))
    return _folded(_read(ordered, rules))


class Fold:
    """A fold that can be extended: later facts cost no more than themselves."""

    def __init__(self, facts: Iterable[Fact], rules: Ruleset) -> None:
        """Read the facts. Raises ValueError unless the conversation's opening is among them."""
        ordered = in_order(facts)
        if not ordered or ordered[0].kind is not FactKind.OPENED:
            raise ValueError("a fold can be extended only if it begins with the opening")
        self._course = _read(ordered, rules)
        self._end = End.of(ordered)

    def folded(self) -> Folded:
        """Return all clocks, as ``fold`` would."""
        return _folded(self._course)

    def extend(self, facts: Iterable[Fact]) -> tuple[Clock, ...] | None:
        """Read new facts; return the clocks that they may have changed.

        None, with nothing read, when a fact is late: then all facts must be folded again.
        """
        ordered = self._end.appendable(facts)
        if ordered is None:
            return None
        live, count = self._course.live_tracks(), len(self._course.tracks)
        for fact in ordered:
            self._course.read(fact)
        self._end.advance(ordered)
        return self._course.clocks([*live, *self._course.tracks[count:]])


def _read(ordered: list[Fact], rules: Ruleset) -> Course:
    course = Course(rules, ordered[0])
    for fact in ordered[1:]:
        course.read(fact)
    return course


def _folded(course: Course) -> Folded:
    return Folded(course.clocks(course.tracks), course.matched)


def _supposed_opening(first: Fact, fallback: Attributes) -> Fact:
    """Return an opening in place of a lost one, so that the conversation still has clocks."""
    by_customer = first.kind is FactKind.CUSTOMER_MESSAGE
    return Fact(
        sequence=0,
        kind=FactKind.OPENED,
        occurred_at=first.occurred_at,
        recorded_at=first.recorded_at,
        backfill=first.backfill,
        status="open",
        opened_by="customer" if by_customer else "agent",
        attributes=fallback,
    )
