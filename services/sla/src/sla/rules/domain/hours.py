"""Hours in which time counts, and the arithmetic of business time along them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from sla.rules.domain.instants import DAY, micros, time_of
from sla.rules.domain.windows import Window, merge, without

AtClose = Literal["close", "next_open"]

FOREVER = micros(datetime(9999, 1, 1, tzinfo=UTC))
"""The end of a pause that has not ended."""
HORIZON = 3_660 * DAY
"""How far ahead a deadline is searched: about ten years, so that every search ends."""


class Hours(Protocol):
    """The time that counts: business hours, or every hour. Instants are microseconds."""

    @property
    def at_close(self) -> AtClose:
        """Where a deadline lies that falls on the end of a window."""
        ...

    def windows(self, start: int, end: int) -> Iterator[Window]:
        """Yield the open windows within ``[start, end)``, in order, clipped, disjoint."""
        ...

    def open_time(self, start: int, end: int) -> int:
        """Return the open microseconds within ``[start, end)``."""
        ...

    def advance(self, start: int, end: int, need: int) -> tuple[int | None, int]:
        """Return the instant within ``[start, end)`` by which ``need`` open time has passed.

        The second value is the open time that is still needed at ``end``, when there is no such
        instant. The end of a window counts as within it if ``at_close`` is ``close``.
        """
        ...


@dataclass(frozen=True, slots=True)
class AroundTheClock:
    """Hours that never close."""

    at_close: AtClose = "close"

    def windows(self, start: int, end: int) -> Iterator[Window]:
        if start < end:
            yield start, end

    def open_time(self, start: int, end: int) -> int:
        return max(0, end - start)

    def advance(self, start: int, end: int, need: int) -> tuple[int | None, int]:
        return advance(self.windows(start, end), need, self.at_close)


@dataclass(frozen=True, slots=True)
class NamedHours:
    """Hours with the name of their calendar; None around the clock."""

    hours: Hours
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a clock's life that counts by one set of hours, until the next one starts."""

    start: int
    hours: Hours


def advance(windows: Iterator[Window], need: int, at_close: AtClose) -> tuple[int | None, int]:
    """Return the instant by which the windows have taken ``need``, or what is needed after them."""
    for opens, closes in windows:
        length = closes - opens
        if need < length or (need == length and at_close == "close"):
            return opens + need, 0
        need -= length
    return None, need


def elapsed(
    slices: Sequence[Slice], until: int, pauses: Sequence[Window], *, since: int | None = None
) -> int:
    """Return the counted microseconds until an instant, from the first slice's start or ``since``.

    Pauses must be in order and disjoint.
    """
    return sum(
        hours.open_time(start, end)
        for begins, ends, hours in _bounded(slices, until, since)
        for start, end in without([(begins, ends)], pauses)
    )


def deadline(
    slices: Sequence[Slice], need: int, pauses: Sequence[Window], *, since: int | None = None
) -> int | None:
    """Return the instant at which ``need`` microseconds have been counted.

    They count from the first slice's start, or from ``since``.

    A deadline exactly at the end of a window is that end, or the start of the next window when
    ``at_close`` is ``next_open``. Returns None when a pause without end or the horizon comes first.
    Pauses must be in order and disjoint.
    """
    limit = min(slices[-1].start + HORIZON, FOREVER)
    if pauses and pauses[-1][1] >= FOREVER:
        limit = pauses[-1][0]
    for begins, ends, hours in _bounded(slices, limit, since):
        for start, end in without([(begins, ends)], pauses):
            due, need = hours.advance(start, end, need)
            if due is not None:
                return due
    return None


def _bounded(
    slices: Sequence[Slice], until: int, since: int | None
) -> Iterator[tuple[int, int, Hours]]:
    for index, part in enumerate(slices):
        following = slices[index + 1].start if index + 1 < len(slices) else until
        start = part.start if since is None else max(part.start, since)
        yield start, min(following, until), part.hours


def add_business(
    hours: Hours, start: datetime, length: timedelta, pauses: Sequence[tuple[datetime, datetime]]
) -> datetime | None:
    """Return the instant at which ``length`` of open time has passed since ``start``."""
    need = length // timedelta(microseconds=1)
    due = deadline([Slice(micros(start), hours)], need, _instants(pauses))
    return None if due is None else time_of(due)


def business_between(
    hours: Hours, start: datetime, end: datetime, pauses: Sequence[tuple[datetime, datetime]] = ()
) -> timedelta:
    """Return the open time from ``start`` to ``end``, without the pauses."""
    total = elapsed([Slice(micros(start), hours)], micros(end), _instants(pauses))
    return timedelta(microseconds=total)


def _instants(pauses: Sequence[tuple[datetime, datetime]]) -> tuple[Window, ...]:
    return merge((micros(start), micros(end)) for start, end in pauses)
