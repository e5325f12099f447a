"""Clocks between their rows and their values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sla.clocks.domain.clocks import Clock, ClockState, Pause, WarningPoint
from sla.clocks.domain.reconciliation import Held
from sla.rules.domain.policy import Metric

COLUMNS = (
    "tenant_id, clock_id, conversation_id, customer_id, metric, cycle, state, policy_id,"
    " policy_version, policy_name, target_seconds, calendar_id, calendar_version, started_at,"
    " due_at, met_at, breached_at, detected_at, ended_at, in_force_at, confirmed, reason, silent,"
    " superseded, test, pauses, warnings, warned, version, next_fire_at, confirm_at,"
    " source_partition"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose clock it is, and where its facts come from."""

    tenant_id: str
    conversation_id: UUID
    customer_id: UUID | None
    partition: int
    test: bool


@dataclass(frozen=True, slots=True)
class Stored:
    owner: Owner
    held: Held


def to_row(stored: Stored) -> dict[str, Any]:
    """Return the columns of a clock, ready for JSON."""
    owner, held, clock = stored.owner, stored.held, stored.held.clock
    return {
        "tenant_id": owner.tenant_id,
        "clock_id": held.clock_id,
        "conversation_id": owner.conversation_id,
        "customer_id": owner.customer_id,
        "metric": clock.metric,
        "cycle": clock.cycle,
        "state": clock.state,
        "policy_id": clock.policy_id,
        "policy_version": clock.policy_version,
        "policy_name": clock.policy_name,
        "target_seconds": clock.target_seconds,
        "calendar_id": clock.calendar_id,
        "calendar_version": clock.calendar_version,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "met_at": clock.met_at,
        "breached_at": clock.breached_at,
        "detected_at": held.detected_at,
        "ended_at": clock.ended_at,
        "in_force_at": clock.in_force_at,
        "confirmed": held.confirmed,
        "reason": clock.reason,
        "silent": clock.silent,
        "superseded": held.superseded,
        "test": owner.test,
        "pauses": [[p.start, p.end, p.status] for p in clock.pauses],
        "warnings": [[w.threshold, w.at] for w in clock.warnings],
        "warned": sorted(held.warned),
        "version": held.version,
        "next_fire_at": held.next_fire_at,
        "confirm_at": held.confirm_at,
        "source_partition": owner.partition,
    }


def from_row(row: Any) -> Stored:
    owner = Owner(
        tenant_id=row.tenant_id,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        partition=row.source_partition,
        test=row.test,
    )
    held = Held(
        clock_id=row.clock_id,
        version=row.version,
        clock=_clock(row),
        detected_at=row.detected_at,
        confirmed=row.confirmed,
        warned=frozenset(row.warned),
        superseded=row.superseded,
    )
    return Stored(owner, held)


def _clock(row: Any) -> Clock:
    return Clock(
        metric=Metric(row.metric),
        cycle=row.cycle,
        state=ClockState(row.state),
        policy_id=row.policy_id,
        policy_version=row.policy_version,
        policy_name=row.policy_name,
        target_seconds=row.target_seconds,
        calendar_id=row.calendar_id,
        calendar_version=row.calendar_version,
        started_at=row.started_at,
        due_at=row.due_at,
        met_at=row.met_at,
        breached_at=row.breached_at,
        ended_at=row.ended_at,
        in_force_at=row.in_force_at,
        reason=row.reason,
        silent=row.silent,
        pauses=tuple(
            Pause(_moment(start), _moment(end) if end else None, status)
            for start, end, status in row.pauses
        ),
        warnings=tuple(WarningPoint(threshold, _moment(at)) for threshold, at in row.warnings),
    )


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)
