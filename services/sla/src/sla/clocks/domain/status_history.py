"""When a conversation was inactive, in which status, and what of that pauses a clock."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from sla.clocks.domain.facts import ACTIVE
from sla.rules.domain.hours import FOREVER, Slice, deadline, elapsed
from sla.rules.domain.windows import Window

MAX_LISTED = 100
"""How many pauses a clock lists; of more it lists the last ones, at least half as many."""
_STEP = MAX_LISTED // 2


class StatusSpan(NamedTuple):
    """A half-open stretch in one inactive status; ``end`` is FOREVER while it lasts."""

    start: int
    end: int
    status: str


@dataclass(slots=True)
class StatusHistory:
    """The inactive stretches of a conversation in order. Instants are microseconds."""

    spans: list[StatusSpan] = field(default_factory=list)

    def move(self, status: str, at: int) -> None:
        """Add a change to another status at an instant, which is not before the last change."""
        spans = self.spans
        if spans and spans[-1].end == FOREVER:
            spans[-1] = spans[-1]._replace(end=at)
        if status not in ACTIVE:
            spans.append(StatusSpan(at, FOREVER, status))

    def is_in(self, statuses: Collection[str]) -> bool:
        """Return whether the conversation is in one of the statuses now."""
        return (
            bool(self.spans) and self.spans[-1].end == FOREVER and self.spans[-1].status in statuses
        )

    def ended_by(self, instant: int) -> int:
        """Return the number of stretches that have ended by an instant."""
        return bisect_right(self.spans, instant, key=_end)

    def within(self, start: int, end: int, statuses: Collection[str]) -> Iterator[StatusSpan]:
        """Yield the stretches in one of the statuses, clipped to ``[start, end)``."""
        return self.following(self.ended_by(start), start, end, statuses)

    def following(
        self, number: int, start: int, end: int, statuses: Collection[str]
    ) -> Iterator[StatusSpan]:
        """Yield the same without looking at the first ``number`` stretches."""
        for place in range(number, len(self.spans)):
            span = self.spans[place]
            if span.start >= end:
                break
            if span.status in statuses and start < span.end:
                yield StatusSpan(max(span.start, start), min(span.end, end), span.status)


def _end(span: StatusSpan) -> int:
    return span.end


class CountedPause(NamedTuple):
    """A pause, and the time that had counted when it began."""

    span: StatusSpan
    counted: int


class ListedPauses(NamedTuple):
    """The last pauses of a clock.

    ``earlier`` pauses of a ``length`` in all are not listed; ``counted`` is the time that had
    counted when the first listed one began.
    """

    earlier: int
    length: int
    counted: int
    spans: Sequence[StatusSpan]


@dataclass(slots=True)
class Stopwatch:
    """Counts the time of a clock along a status history, in which it reads each stretch once.

    ``statuses`` pause the clock. ``counted`` is the time that counts from the start to ``until``,
    the end of the last stretch read. ``read`` is the number of stretches read or passed over.
    """

    statuses: Collection[str]
    start: int
    until: int
    read: int
    counted: int = 0
    _dropped: int = 0
    _dropped_length: int = 0
    _last: list[CountedPause] = field(default_factory=list)
    _passed: dict[int, int] = field(default_factory=dict)

    @classmethod
    def started(cls, start: int, history: StatusHistory, statuses: Collection[str]) -> Self:
        return cls(statuses, start, start, history.ended_by(start))

    def due(
        self, need: int, slices: Sequence[Slice], history: StatusHistory, until: int
    ) -> int | None:
        """Return when ``need`` has counted, by the statuses up to an instant."""
        self._read_on(slices, history, until)
        if self.counted < need:
            rest = need - self.counted
            return deadline(slices, rest, self._ahead(history, until), since=self.until)
        if need in self._passed:
            return self._passed[need]
        due = deadline(slices, need, self._all(history, until))
        if due is not None and due <= self.until:
            self._passed[need] = due
        return due

    def pauses(self, slices: Sequence[Slice], history: StatusHistory, until: int) -> ListedPauses:
        """Return the last pauses up to an instant."""
        self._read_on(slices, history, until)
        counted = self.counted
        listed = list(self._last)
        at = self.until
        for span in history.following(self.read, self.start, until, self.statuses):
            counted += elapsed(slices, span.start, (), since=at)
            listed.append(CountedPause(span, counted))
            at = span.end
        earlier = _unlisted(self._dropped + len(listed))
        more, listed = _parted(listed, earlier - self._dropped)
        first = listed[0].counted if listed else 0
        length = self._dropped_length + _length(more)
        return ListedPauses(earlier, length, first, [pause.span for pause in listed])

    def _ahead(self, history: StatusHistory, until: int) -> list[Window]:
        """Return the pauses after those that were read."""
        spans = history.following(self.read, self.until, until, self.statuses)
        return [(span.start, span.end) for span in spans]

    def _all(self, history: StatusHistory, until: int) -> list[Window]:
        """Return all pauses up to an instant."""
        return [(span.start, span.end) for span in history.within(self.start, until, self.statuses)]

    def _read_on(self, slices: Sequence[Slice], history: StatusHistory, until: int) -> None:
        """Read the stretches that have ended by an instant."""
        spans = history.spans
        while self.read < len(spans):
            span = spans[self.read]
            if span.end > until or span.start >= until or span.end == FOREVER:
                break
            self._read(span, slices)
            self.read += 1

    def _read(self, span: StatusSpan, slices: Sequence[Slice]) -> None:
        start = max(span.start, self.start)
        self.counted += elapsed(slices, start, (), since=self.until)
        if span.status in self.statuses and span.end > self.start:
            self._last.append(CountedPause(span._replace(start=start), self.counted))
            unlisted = _unlisted(self._dropped + len(self._last))
            dropped, self._last = _parted(self._last, unlisted - self._dropped)
            self._dropped = unlisted
            self._dropped_length += _length(dropped)
        else:
            self.counted += elapsed(slices, span.end, (), since=start)
        self.until = span.end


def _unlisted(count: int) -> int:
    """Return how many of so many pauses are not listed: it grows in steps, not with each pause."""
    return 0 if count <= MAX_LISTED else (count - _STEP) // _STEP * _STEP


def _parted(
    pauses: list[CountedPause], count: int
) -> tuple[list[CountedPause], list[CountedPause]]:
    return pauses[:count], pauses[count:]


def _length(pauses: Sequence[CountedPause]) -> int:
    return sum(pause.span.end - pause.span.start for pause in pauses)
