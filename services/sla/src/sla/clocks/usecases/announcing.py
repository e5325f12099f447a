"""Clocks and what there is to tell of them, written together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.db import Transaction
from common.jsons import dumps_text
from common.messaging import outbox, rfc3339
from sla.alerts.store import alerts
from sla.clocks.domain.reconciliation import Announcement, Change, News
from sla.clocks.events.published import (
    BreachRetractedV1,
    ClockBreachedV1,
    ClockCancelledV1,
    ClockEvent,
    ClockMetV1,
    ClockPausedV1,
    ClockResumedV1,
    ClockStartedV1,
    ClockWarningV1,
)
from sla.clocks.store import clocks
from sla.clocks.store.clock_rows import Owner, Stored

_EVENTS: dict[News, type[ClockEvent]] = {
    News.STARTED: ClockStartedV1,
    News.PAUSED: ClockPausedV1,
    News.RESUMED: ClockResumedV1,
    News.MET: ClockMetV1,
    News.CANCELLED: ClockCancelledV1,
    News.BREACHED: ClockBreachedV1,
    News.RETRACTED: BreachRetractedV1,
}

ALERTING = frozenset({News.WARNING, News.BREACHED, News.RETRACTED})
"""What people who watch are shown."""

Changed = tuple[Owner, Change]


@dataclass(frozen=True, slots=True)
class Told:
    """An announcement and the event that it becomes."""

    owner: Owner
    announcement: Announcement
    event: ClockEvent


async def write(tx: Transaction, changes: Sequence[Changed], *, now: datetime) -> int:
    """Save the clocks and record their events and alerts; return how many events there were."""
    await clocks.save(tx, [Stored(owner, change.held) for owner, change in changes])
    told = [
        Told(owner, item, event_of(owner, item))
        for owner, change in changes
        for item in change.announcements
    ]
    await outbox.record(tx, [_outbox_event(one, now) for one in told])
    await alerts.add(tx, [_alert(one) for one in told if _alerts(one)])
    return len(told)


def event_of(owner: Owner, announcement: Announcement) -> ClockEvent:
    """Return the published form of an announcement."""
    body = _body(owner, announcement)
    if announcement.news is News.WARNING:
        return ClockWarningV1(
            **body, threshold=announcement.threshold or "", warn_at=announcement.occurred_at
        )
    return _EVENTS[announcement.news](**body)


def _body(owner: Owner, announcement: Announcement) -> dict[str, Any]:
    held, clock = announcement.held, announcement.held.clock
    return {
        "clock_id": held.clock_id,
        "conversation_id": owner.conversation_id,
        "customer_id": owner.customer_id,
        "metric": clock.metric.value,
        "cycle": clock.cycle,
        "state": clock.state.value,
        "policy_id": clock.policy_id,
        "policy_version": clock.policy_version,
        "policy_name": clock.policy_name,
        "target_seconds": clock.target_seconds,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "met_at": clock.met_at,
        "breached_at": clock.breached_at,
        "detected_at": held.detected_at,
        "confirmed": held.confirmed,
        "reason": clock.reason,
    }


def _outbox_event(told: Told, now: datetime) -> outbox.OutboxEvent:
    owner, item = told.owner, told.announcement
    return outbox.OutboxEvent(
        data=told.event,
        tenant_id=owner.tenant_id,
        key=str(owner.conversation_id),
        subject_id=str(item.held.clock_id),
        sequence=item.held.version,
        occurred_at=item.occurred_at,
        now=now,
        test=owner.test,
    )


def _alerts(told: Told) -> bool:
    return told.announcement.news in ALERTING and not told.owner.test


def _alert(told: Told) -> alerts.NewAlert:
    body = {
        **told.event.model_dump(),
        "sequence": told.announcement.held.version,
        "occurred_at": rfc3339(told.announcement.occurred_at),
    }
    return alerts.NewAlert(told.owner.tenant_id, told.event.event_type, dumps_text(body))
