"""When a conversation was inactive, and in which status."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sla.clocks.domain.facts import ACTIVE
from sla.rules.domain.hours import FOREVER


class StatusSpan(NamedTuple):
    """A half-open stretch in one inactive status; ``end`` is FOREVER while it lasts."""

    start: int
    end: int
    status: str


@dataclass(frozen=True, slots=True)
class StatusHistory:
    """The inactive stretches of a conversation in order. Instants are microseconds."""

    spans: tuple[StatusSpan, ...] = ()

    def move(self, status: str, at: int) -> "StatusHistory":
        """Return the history with a change to another status at an instant."""
        spans = self.spans
        if spans and spans[-1].end == FOREVER:
            spans = (*spans[:-1], spans[-1]._replace(end=at))
        if status not in ACTIVE:
            spans = (*spans, StatusSpan(at, FOREVER, status))
        return StatusHistory(spans)

    def within(self, start: int, end: int, statuses: Collection[str]) -> Iterator[StatusSpan]:
        """Yield the stretches in one of the statuses, clipped to ``[start, end)``."""
        for span in self.spans:
            if span.status in statuses and span.start < end and start < span.end:
                yield StatusSpan(max(span.start, start), min(span.end, end), span.status)
