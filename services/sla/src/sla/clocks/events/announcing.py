"""From changes of clocks to the events that announce them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.messaging import outbox
from sla.clocks.domain.changes import Event, EventKind, OwnedChange
from sla.clocks.domain.clocks import Clock, ClockVersion, Owner
from sla.clocks.domain.explanation.sentence import summarise
from sla.clocks.events.clock_fields import Links, RoutingFields
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
from sla.rules.domain.hours import NamedHours
from sla.rules.domain.policy import AROUND_THE_CLOCK as ALL_HOURS
from sla.rules.store.calendars import VersionKey

_CLASSES: dict[EventKind, type[ClockEvent]] = {
    EventKind.STARTED: ClockStartedV1,
    EventKind.PAUSED: ClockPausedV1,
    EventKind.RESUMED: ClockResumedV1,
    EventKind.MET: ClockMetV1,
    EventKind.CANCELLED: ClockCancelledV1,
    EventKind.BREACHED: ClockBreachedV1,
    EventKind.RETRACTED: BreachRetractedV1,
}

AROUND_THE_CLOCK = NamedHours(ALL_HOURS)

_ROUTING = tuple(RoutingFields.model_fields)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is the same in all events of a batch, and by which hours its clocks count."""

    links: Links
    hours: Mapping[VersionKey, NamedHours]
    now: datetime

    def events(self, changes: Sequence[OwnedChange]) -> list[outbox.OutboxEvent]:
        """Return the events for the outbox, in order; a clock's version is its event's sequence."""
        return [
            outbox.OutboxEvent(
                data=self._data(owned.owner, event),
                tenant_id=owned.owner.tenant_id,
                key=str(owned.owner.conversation_id),
                subject_id=str(event.version.clock_id),
                sequence=event.version.version,
                occurred_at=event.occurred_at,
                now=self.now,
                test=owned.owner.test,
            )
            for owned in changes
            for event in owned.change.events
        ]

    def _data(self, owner: Owner, event: Event) -> ClockEvent:
        key = hours_key(owner, event.version.clock)
        hours = AROUND_THE_CLOCK if key is None else self.hours.get(key, AROUND_THE_CLOCK)
        fields = {
            **public_fields(owner, event.version, self.links),
            "summary": summarise(event.version.clock, hours),
        }
        if event.kind is EventKind.WARNING:
            return ClockWarningV1(
                **fields, threshold=event.threshold or "", warn_at=event.occurred_at
            )
        return _CLASSES[event.kind](**fields)


def hours_key(owner: Owner, clock: Clock) -> VersionKey | None:
    """Return the version of the calendar by which a clock counts; None around the clock."""
    if clock.calendar_id is None or clock.calendar_version is None:
        return None
    return owner.tenant_id, clock.calendar_id, clock.calendar_version


def public_fields(owner: Owner, current: ClockVersion, links: Links) -> dict[str, Any]:
    """Return the fields of a clock that its events and the API share."""
    clock = current.clock
    return {
        "clock_id": current.clock_id,
        "conversation_id": owner.conversation_id,
        "customer_id": owner.canonical_id or owner.customer_id,
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
        **{name: owner.attributes[name] for name in _ROUTING if name in owner.attributes},
        "conversation_url": links.to_conversation(owner.conversation_id),
        "clock_url": links.to_clock(current.clock_id),
    }
