"""Prometheus metrics of the timer."""

from prometheus_client import Counter, Gauge, Histogram

FIRED = Counter("threadline_sla_timer_events_total", "Events published by the timer.")
TIMER_SKEW = Gauge(
    "threadline_sla_timer_clock_skew_seconds", "This host's clock minus the database's."
)
DETECTION_SECONDS = Histogram(
    "threadline_sla_detection_seconds",
    "Time from the deadline until the breach is declared.",
    buckets=(0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
