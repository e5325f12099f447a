"""A change of a clock: its next version, and the events that announce it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sla.clocks.domain.clocks import ClockVersion, Owner


class EventKind(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    MET = "met"
    CANCELLED = "cancelled"
    BREACHED = "breached"
    WARNING = "warning"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Event:
    """An event to publish, with the version of the clock that it carries.

    ``again`` marks a breach that has been announced before and has changed.
    """

    kind: EventKind
    version: ClockVersion
    occurred_at: datetime
    threshold: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The version to store and the events to publish; without events only the row changes."""

    version: ClockVersion
    events: tuple[Event, ...] = ()

    def with_event(
        self,
        kind: EventKind,
        occurred_at: datetime,
        *,
        threshold: str | None = None,
        again: bool = False,
    ) -> "Change":
        """Return the change with one more event, which counts the version up."""
        version = replace(self.version, version=self.version.version + 1)
        event = Event(kind, version, occurred_at, threshold, again)
        return Change(version, (*self.events, event))


@dataclass(frozen=True, slots=True)
class OwnedChange:
    owner: Owner
    change: Change


def owned(owner: Owner, changes: Sequence[Change]) -> list[OwnedChange]:
    return [OwnedChange(owner, change) for change in changes]
