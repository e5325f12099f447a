"""What a clock is: how long is left, or how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sla.rules.domain.policy import Metric


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({ClockState.RUNNING, ClockState.PAUSED})


@dataclass(frozen=True, slots=True)
class WarningPoint:
    """A warning threshold and the instant at which it is reached."""

    threshold: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch that does not count; without an end it still goes on."""

    start: datetime
    end: datetime | None
    status: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One cycle of one metric, as the facts say; nothing in it depends on when it is looked at.

    ``due_at`` is None while paused. ``met_at`` is when the answer came, in time or late.
    ``in_force_at`` is since when this target applied to it. A ``silent`` clock came with a
    backfill and alarms nobody.
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
    pauses: tuple[Pause, ...] = ()
    warnings: tuple[WarningPoint, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether nothing but a late fact can change it any more."""
        return self.ended_at is not None
