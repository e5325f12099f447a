"""From facts to clocks, in any order and with any repetition of the facts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sla.clocks.domain.checkpoints.digest import UNSEEN, Digester
from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.course import Course
from sla.clocks.domain.facts import End, Fact, FactKind, in_order
from sla.rules.domain.conditions import Attributes
from sla.rules.domain.policy import Metric, Ruleset

LAST_CYCLE = 2**31 - 1
ALL_CYCLES: Mapping[Metric, int] = dict.fromkeys(Metric, LAST_CYCLE)


@dataclass(frozen=True, slots=True)
class Folded:
    """``matched`` is true when any policy ever covered the conversation."""

    clocks: tuple[Clock, ...]
    matched: bool


@dataclass(frozen=True, slots=True)
class Refolded:
    """The clocks that some facts show: all that there are in ``cycles``.

    ``cycles`` gives the first and the last cycle of each metric that the facts can have changed.
    """

    clocks: tuple[Clock, ...]
    cycles: Mapping[Metric, tuple[int, int]]

    @classmethod
    def of(
        cls, course: Course, settled: Mapping[Metric, int], until: Mapping[Metric, int] = ALL_CYCLES
    ) -> Self:
        """Return the clocks of a course after the ``settled`` cycles, up to those of ``until``."""
        cycles = {metric: (count + 1, until[metric]) for metric, count in settled.items()}
        tracks = (t for t in course.tracks if settled[t.metric] < t.cycle <= until[t.metric])
        return cls(course.clocks(tracks), cycles)


def fold(facts: Iterable[Fact], rules: Ruleset, *, fallback: Attributes) -> Folded:
    """Return the clocks of a conversation.

    ``fallback`` are its latest known attributes, used when its opening is unknown.
    """
    ordered = opened(facts, fallback)
    if not ordered:
        return Folded((), matched=False)
    course = Course(rules, ordered[0])
    for fact in ordered[1:]:
        course.read(fact)
    return Folded(course.clocks(course.tracks), course.matched)


def opened(facts: Iterable[Fact], fallback: Attributes) -> list[Fact]:
    """Return the facts in order, with an opening in front of them if there is any fact at all."""
    ordered = in_order(facts)
    if ordered and ordered[0].kind is not FactKind.OPENED:
        ordered.insert(0, _supposed_opening(ordered[0], fallback))
    return ordered


@dataclass(slots=True)
class Fold:
    """A fold that can be extended: later facts cost no more than themselves."""

    course: Course
    end: End
    digester: Digester

    @classmethod
    def begun(cls, opening: Fact, rules: Ruleset) -> Self:
        """Return the fold of an opening alone. Raises ValueError for any other fact."""
        if opening.kind is not FactKind.OPENED:
            raise ValueError("a fold can be extended only if it begins with the opening")
        course = Course(rules, opening)
        return cls(course, End.of([opening]), Digester(rules, course.opened_at))

    def folded(self) -> Folded:
        """Return all clocks since ``forget``, as ``fold`` would."""
        return Folded(self.course.clocks(self.course.tracks), self.course.matched)

    def forget(self) -> None:
        """Drop what later facts cannot change."""
        self.course.tracks = list(self.course.current.values())

    def still_opens(self, facts: Iterable[Fact], fallback: Attributes) -> bool:
        """Return whether the conversation still begins with the same opening, after new facts.

        One that stands in for a lost opening depends on the first fact and on ``fallback``.
        """
        opening = self.course.opening
        if opening.sequence > 0:
            return True
        return opening.attributes == fallback and all(
            fact.occurred_at > opening.occurred_at for fact in facts
        )

    def extend(self, facts: Collection[Fact]) -> Refolded | None:
        """Read new facts; return the clocks that they may have changed.

        None, with nothing read, when a fact is late: then others must be read again.
        """
        ordered = self.end.appendable(facts)
        if ordered is None:
            return None
        settled = self.course.settled_cycles()
        self.read(ordered, seen=UNSEEN)
        return Refolded.of(self.course, settled)

    def read(self, ordered: Sequence[Fact], *, seen: int) -> None:
        """Read facts that come after all others."""
        for fact, outlasts in self.digester.digest(ordered, seen=seen):
            self.course.read(fact, outlasts=outlasts)
        self.end.advance(ordered)


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
