"""From facts to clocks, in any order and with any repetition of the facts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sla.clocks.domain.checkpoints.digest import UNSEEN, Digester
from sla.clocks.domain.clocks import Clock
from sla.clocks.domain.course import Course
from sla.clocks.domain.facts import ENDING, End, Fact, FactKind, Place, in_order
from sla.rules.domain.conditions import Attributes
from sla.rules.domain.policy import Metric, Ruleset


@dataclass(frozen=True, slots=True)
class Folded:
    """``matched`` is true when any policy ever covered the conversation."""

    clocks: tuple[Clock, ...]
    matched: bool


@dataclass(frozen=True, slots=True)
class Refolded:
    """The clocks that some facts show: all whose openers lie in ``spans``.

    ``spans`` gives, for each metric in which the facts can have changed a clock, the first opener
    and the place before which the last one comes.
    """

    clocks: tuple[Clock, ...]
    spans: Mapping[Metric, tuple[Place, Place]]

    @classmethod
    def of(
        cls, course: Course, since: Mapping[Metric, Place], until: Mapping[Metric, Place]
    ) -> Self:
        """Return the clocks of a course between the frontiers ``since`` and ``until``.

        A metric that ``until`` leaves out is read to the end.
        """
        spans = {metric: (first, until.get(metric, ENDING)) for metric, first in since.items()}
        spans = {metric: span for metric, span in spans.items() if span[0] < span[1]}
        nowhere = (ENDING, ENDING)
        tracks = []
        for track in course.tracks:
            first, last = spans.get(track.metric, nowhere)
            if first <= track.opener < last:
                tracks.append(track)
        return cls(course.clocks(tracks), spans)


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
        since = self.course.frontiers(self.end.last)
        self.read(ordered, seen=UNSEEN)
        return Refolded.of(self.course, since, {})

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
