"""Prometheus metrics of clocks and of the timer."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from sla.clocks.domain.changes import Event, EventKind, OwnedChange

FIRED = Counter("threadline_sla_timer_events_total", "Events published by the timer.")
TIMER_SKEW = Gauge(
    "threadline_sla_timer_clock_skew_seconds", "This host's clock minus the database's."
)
DETECTION_SECONDS = Histogram(
    "threadline_sla_detection_seconds",
    "Time from the deadline until the breach is declared.",
    buckets=(0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
CLOCK_EVENTS = Counter(
    "threadline_sla_clock_events_total",
    "Events of clocks by metric and outcome; a breach that changes is `breach_changed`.",
    ["event", "metric", "outcome"],
)
CLOCKS = Gauge(
    "threadline_sla_clocks",
    "Open clocks: running, paused, overdue, and overdue without a declared breach.",
    ["state"],
)


def count_events(changes: Sequence[OwnedChange]) -> None:
    """Count the events of changes that were committed."""
    for owned in changes:
        for event in owned.change.events:
            labels = (_name(event), event.version.clock.metric.value, _outcome(event))
            CLOCK_EVENTS.labels(*labels).inc()


def _name(event: Event) -> str:
    return "breach_changed" if event.again else event.kind.value


def _outcome(event: Event) -> str:
    """Return why it ended so; of a retraction, what is true instead; otherwise nothing."""
    clock = event.version.clock
    match event.kind:
        case EventKind.BREACHED:
            return clock.reason or "unanswered"
        case EventKind.CANCELLED:
            return clock.reason or "unknown"
        case EventKind.RETRACTED:
            return clock.state.value
        case _:
            return ""
