"""From changes of clocks to the events that announce them, and to the alerts among those."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from common.jsons import dumps_text
from common.messaging import outbox, rfc3339
from sla.alerts.store.alerts import NewAlert
from sla.clocks.domain.changes import Event, EventKind, OwnedChange
from sla.clocks.domain.clocks import ClockVersion, Owner
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

_CLASSES: dict[EventKind, type[ClockEvent]] = {
    EventKind.STARTED: ClockStartedV1,
    EventKind.PAUSED: ClockPausedV1,
    EventKind.RESUMED: ClockResumedV1,
    EventKind.MET: ClockMetV1,
    EventKind.CANCELLED: ClockCancelledV1,
    EventKind.BREACHED: ClockBreachedV1,
    EventKind.RETRACTED: BreachRetractedV1,
}

_ALERTING = (ClockWarningV1, ClockBreachedV1, BreachRetractedV1)


def announce(changes: Sequence[OwnedChange], *, now: datetime) -> list[outbox.OutboxEvent]:
    """Return the events for the outbox, in order; a clock's version is its event's sequence."""
    return [
        outbox.OutboxEvent(
            data=_data(owned.owner, event),
            tenant_id=owned.owner.tenant_id,
            key=str(owned.owner.conversation_id),
            subject_id=str(event.version.clock_id),
            sequence=event.version.version,
            occurred_at=event.occurred_at,
            now=now,
            test=owned.owner.test,
        )
        for owned in changes
        for event in owned.change.events
    ]


def public_fields(owner: Owner, current: ClockVersion) -> dict[str, Any]:
    """Return the fields of a clock that its events and the API share."""
    clock = current.clock
    return {
        "clock_id": current.clock_id,
        "conversation_id": owner.conversation_id,
        "customer_id": owner.customer_id,
        "metric": clock.metric,
        "cycle": clock.cycle,
        "state": clock.state,
        "policy_id": clock.policy_id,
        "policy_version": clock.policy_version,
        "policy_name": clock.policy_name,
        "target_seconds": clock.target_seconds,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "met_at": clock.met_at,
        "breached_at": clock.breached_at,
        "detected_at": current.detected_at,
        "confirmed": current.confirmed,
        "reason": clock.reason,
    }


def alerts_of(events: Sequence[outbox.OutboxEvent]) -> list[NewAlert]:
    """Return the alerts among the events: warnings, breaches and retractions, except of tests."""
    return [
        NewAlert(
            tenant_id=event.tenant_id,
            type=event.data.event_type,
            body=dumps_text(
                {
                    **event.data.model_dump(),
                    "sequence": event.sequence,
                    "occurred_at": rfc3339(event.occurred_at),
                }
            ),
        )
        for event in events
        if isinstance(event.data, _ALERTING) and not event.test
    ]


def _data(owner: Owner, event: Event) -> ClockEvent:
    fields = public_fields(owner, event.version)
    if event.kind is EventKind.WARNING:
        return ClockWarningV1(**fields, threshold=event.threshold or "", warn_at=event.occurred_at)
    return _CLASSES[event.kind](**fields)
