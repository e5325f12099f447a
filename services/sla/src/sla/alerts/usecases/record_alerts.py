"""Record the events of clocks in the log that the live stream follows."""

from collections.abc import Sequence

from common.db import Transaction
from common.jsons import dumps_text
from common.messaging import outbox, rfc3339
from sla.alerts.store import alerts
from sla.alerts.store.alerts import NewAlert
from sla.clocks.domain.clocks import Severity
from sla.clocks.events.published import BreachRetractedV1, ClockBreachedV1, ClockWarningV1

_SEVERITIES = {
    ClockWarningV1.event_type: Severity.WARNING,
    ClockBreachedV1.event_type: Severity.BREACH,
    BreachRetractedV1.event_type: Severity.BREACH,
}


async def record_alerts(tx: Transaction, events: Sequence[outbox.OutboxEvent]) -> None:
    """Append the events, in the transaction that changes their clocks; those of tests are not."""
    await alerts.insert_alerts(tx, [_alert_of(event) for event in events if not event.test])


def severity_of(event_type: str) -> Severity:
    """Return how serious an event is; the retraction of a breach belongs to the breach."""
    return _SEVERITIES.get(event_type, Severity.INFO)


def _alert_of(event: outbox.OutboxEvent) -> NewAlert:
    body = {
        **event.data.model_dump(),
        "severity": severity_of(event.data.event_type),
        "sequence": event.sequence,
        "occurred_at": rfc3339(event.occurred_at),
    }
    return NewAlert(event.tenant_id, event.data.event_type, dumps_text(body))
