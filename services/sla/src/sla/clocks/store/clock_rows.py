"""The columns of clocks, and how rows become values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from common.db import Columns
from sla.clocks.domain.clocks import (
    Clock,
    ClockState,
    ClockVersion,
    EarlierPauses,
    OwnedClock,
    Owner,
    Pause,
    WarningPoint,
)
from sla.rules.domain.policy import Metric

CLOCK = Columns(
    {
        "tenant_id": "text",
        "clock_id": "uuid",
        "conversation_id": "uuid",
        "customer_id": "uuid",
        "metric": "text",
        "cycle": "int",
        "state": "text",
        "policy_id": "uuid",
        "policy_version": "int",
        "policy_name": "text",
        "target_seconds": "int",
        "calendar_id": "text",
        "calendar_version": "int",
        "started_at": "timestamptz",
        "due_at": "timestamptz",
        "met_at": "timestamptz",
        "breached_at": "timestamptz",
        "detected_at": "timestamptz",
        "ended_at": "timestamptz",
        "in_force_at": "timestamptz",
        "confirmed": "boolean",
        "reason": "text",
        "silent": "boolean",
        "superseded": "boolean",
        "test": "boolean",
        "pauses": "jsonb",
        "earlier_pauses": "jsonb",
        "warnings": "jsonb",
        "warned": "jsonb",
        "version": "bigint",
        "next_fire_at": "timestamptz",
        "confirm_at": "timestamptz",
        "source_partition": "int",
        "opener_at": "bigint",
        "opener_rank": "int",
        "opener_sequence": "bigint",
    }
)


def to_row(clock: OwnedClock) -> dict[str, Any]:
    """Return a clock as a row of ``CLOCK``."""
    owner, current, value = clock.owner, clock.current, clock.current.clock
    opener_at, opener_rank, opener_sequence = value.opener or (None, None, None)
    return {
        "tenant_id": owner.tenant_id,
        "clock_id": current.clock_id,
        "conversation_id": owner.conversation_id,
        "customer_id": owner.customer_id,
        "metric": value.metric,
        "cycle": value.cycle,
        "state": value.state,
        "policy_id": value.policy_id,
        "policy_version": value.policy_version,
        "policy_name": value.policy_name,
        "target_seconds": value.target_seconds,
        "calendar_id": value.calendar_id,
        "calendar_version": value.calendar_version,
        "started_at": value.started_at,
        "due_at": value.due_at,
        "met_at": value.met_at,
        "breached_at": value.breached_at,
        "detected_at": current.detected_at,
        "ended_at": value.ended_at,
        "in_force_at": value.in_force_at,
        "confirmed": current.confirmed,
        "reason": value.reason,
        "silent": value.silent,
        "superseded": current.superseded,
        "test": owner.test,
        "pauses": [[p.start, p.end, p.status] for p in value.pauses],
        "earlier_pauses": None
        if value.earlier is None
        else [value.earlier.count, value.earlier.length, value.earlier.counted],
        "warnings": [[w.threshold, w.at] for w in value.warnings],
        "warned": sorted(current.warned),
        "version": current.version,
        "next_fire_at": current.next_fire_at,
        "confirm_at": current.confirm_at,
        "source_partition": owner.partition,
        "opener_at": opener_at,
        "opener_rank": opener_rank,
        "opener_sequence": opener_sequence,
    }


CONVERSATION = """
    LEFT JOIN conversation v ON v.tenant_id = c.tenant_id AND v.conversation_id = c.conversation_id
    LEFT JOIN LATERAL (
        SELECT canonical_customer(c.tenant_id, p.target_id) AS canonical_id
        FROM customer_pointer p
        WHERE p.tenant_id = c.tenant_id AND p.customer_id = c.customer_id
        LIMIT 1) led ON true
"""
"""What to write after ``clock c`` to read with each clock what an announcement says about it."""
ANNOUNCED = "v.attributes, led.canonical_id"
"""The columns that ``CONVERSATION`` adds."""


def from_row(row: Any) -> OwnedClock:
    """Return a clock without the attributes of its conversation."""
    return _owned(row, {}, None)


def from_joined_row(row: Any) -> OwnedClock:
    """Return a clock with the ``attributes`` of its conversation, and today's customer."""
    return _owned(row, row.attributes or {}, row.canonical_id)


def _owned(row: Any, attributes: Mapping[str, object], canonical_id: UUID | None) -> OwnedClock:
    owner = Owner(
        tenant_id=row.tenant_id,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        partition=row.source_partition,
        test=row.test,
        attributes=attributes,
        canonical_id=canonical_id,
    )
    current = ClockVersion(
        clock_id=row.clock_id,
        version=row.version,
        clock=_clock(row),
        detected_at=row.detected_at,
        confirmed=row.confirmed,
        warned=frozenset(row.warned),
        superseded=row.superseded,
    )
    return OwnedClock(owner, current)


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
        opener=None
        if row.opener_at is None
        else (row.opener_at, row.opener_rank, row.opener_sequence),
        pauses=tuple(
            Pause(_time(start), _time(end) if end else None, status)
            for start, end, status in row.pauses
        ),
        earlier=None if row.earlier_pauses is None else EarlierPauses(*row.earlier_pauses),
        warnings=tuple(WarningPoint(threshold, _time(at)) for threshold, at in row.warnings),
    )


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)
