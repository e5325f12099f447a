"""A clock: how long is left of a promise, or how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sla.clocks.domain.facts import Place
from sla.rules.domain.policy import Metric

ClockKey = tuple[Metric, int]
"""Metric and cycle, which identify a clock within its conversation."""


class ClockState(StrEnum):
    """Where a clock stands; a breached one may still be waiting for its answer."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class Severity(StrEnum):
    """How serious it is: a breach, a warning before one, or nothing to act on."""

    INFO = "info"
    WARNING = "warning"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class WarningPoint:
    """A warning threshold and the time at which it is reached."""

    threshold: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch that does not count; ``end`` is None while it lasts."""

    start: datetime
    end: datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class EarlierPauses:
    """The pauses of a clock before those that it lists.

    ``length`` is how long they were in all, ``counted`` the time that had counted when the first
    listed one began, both in microseconds.
    """

    count: int
    length: int
    counted: int


@dataclass(frozen=True, slots=True)
class Clock:
    """One cycle of one metric as the facts show it, independent of when it is read.

    ``opener`` is the place of the fact that opened the cycle; None if an earlier version stored the
    clock. ``due_at`` is None while paused. ``met_at`` is when the answer came, in time or late.
    ``in_force_at`` is when this target began to apply. A ``silent`` clock came with a backfill:
    it publishes nothing and raises no alert. ``pauses`` are the last ones if there are many,
    ``earlier`` sums up those before them.
    """

    metric: Metric
    cycle: int
    state: ClockState
    policy_id: UUID
    policy_version: int
    policy_name: str
    target_seconds: int
    calendar_id: str | None
    calendar_version: int | None
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None
    in_force_at: datetime
    reason: str | None
    silent: bool
    opener: Place | None = None
    pauses: tuple[Pause, ...] = ()
    earlier: EarlierPauses | None = None
    warnings: tuple[WarningPoint, ...] = ()

    @property
    def key(self) -> ClockKey:
        return self.metric, self.cycle


@dataclass(frozen=True, slots=True)
class ClockVersion:
    """A clock with its id, and with what timers have declared about it.

    ``version`` counts its events. ``confirmed`` is None without a breach, and False for a breach
    declared before the source was known up to the deadline. ``warned`` are the thresholds
    announced so far. A clock is ``superseded`` when the facts no longer show it.
    """

    clock_id: UUID
    version: int
    clock: Clock
    detected_at: datetime | None = None
    confirmed: bool | None = None
    warned: frozenset[str] = frozenset()
    superseded: bool = False

    @property
    def key(self) -> ClockKey:
        return self.clock.key

    @property
    def severity(self) -> Severity:
        """How serious the clock is now: a warning counts while the clock is open."""
        if self.clock.state is ClockState.BREACHED:
            return Severity.BREACH
        is_open = self.clock.state in {ClockState.RUNNING, ClockState.PAUSED}
        return Severity.WARNING if is_open and self.warned else Severity.INFO

    @property
    def next_fire_at(self) -> datetime | None:
        """When a timer must look at the clock: at its next warning, or at its deadline."""
        clock = self.clock
        if clock.silent or clock.state is not ClockState.RUNNING or clock.due_at is None:
            return None
        ahead = (w.at for w in clock.warnings if w.threshold not in self.warned)
        return min((*ahead, clock.due_at))

    @property
    def confirm_at(self) -> datetime | None:
        """The time up to which the source must be known before the breach is certain."""
        return self.clock.due_at if self.confirmed is False else None


@dataclass(frozen=True, slots=True)
class Owner:
    """The conversation that a clock belongs to, and the partition that its facts come from.

    ``attributes`` are the conversation's latest, and ``canonical_id`` is the customer that
    ``customer_id`` leads to today if that is another one. Both are for events and answers; a clock
    does not store them, so they take no part in comparisons.
    """

    tenant_id: str
    conversation_id: UUID
    customer_id: UUID | None
    partition: int
    test: bool
    attributes: Mapping[str, object] = field(default_factory=dict, compare=False)
    canonical_id: UUID | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class OwnedClock:
    owner: Owner
    current: ClockVersion


def current_versions(clocks: Mapping[ClockKey, OwnedClock]) -> dict[ClockKey, ClockVersion]:
    """Return the clocks without their owners."""
    return {key: owned.current for key, owned in clocks.items()}
