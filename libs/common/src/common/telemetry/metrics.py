"""All Prometheus metrics of the shared code, in one place so that their names stay consistent.

Labels come from closed sets (service, stream, reason codes, route templates), never from data.
"""

from prometheus_client import Counter, Gauge, Histogram

_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

TRANSACTIONS = Counter(
    "threadline_transactions_total", "Units of work by outcome.", ["service", "work", "outcome"]
)
TRANSACTION_SECONDS = Histogram(
    "threadline_transaction_seconds", "Time of a unit of work.", ["service", "work"],
    buckets=_LATENCY,
)  # fmt: skip
RELAY_PUBLISHED = Counter("threadline_relay_published_total", "Outbox rows published.", ["service"])
RELAY_FAILURES = Counter(
    "threadline_relay_failures_total", "Relay rounds that failed.", ["service", "reason"]
)
RELAY_WATERMARK = Gauge(
    "threadline_relay_watermark_timestamp_seconds",
    "All that was written before this time has been published.",
    ["service", "shard"],
)
OUTBOX_UNPUBLISHED_AGE = Gauge(
    "threadline_outbox_oldest_unpublished_age_seconds",
    "Age of the oldest unpublished outbox row.",
    ["service", "shard"],
)
CONSUMED = Counter(
    "threadline_consumed_total", "Events by outcome.", ["stream", "outcome", "reason"]
)
CONSUMER_FAILURES = Counter(
    "threadline_consumer_failures_total", "Batches that were put back.", ["stream", "reason"]
)
CONSUMER_BATCH_SECONDS = Histogram(
    "threadline_consumer_batch_seconds", "Time of one partition's batch.", ["stream"],
    buckets=_LATENCY,
)  # fmt: skip
CONSUMER_LAG = Gauge(
    "threadline_consumer_lag_records", "Records behind the end.", ["stream", "partition"]
)
CONSUMER_WATERMARK = Gauge(
    "threadline_consumer_watermark_timestamp_seconds",
    "Watermark consumed, by partition.",
    ["stream", "partition"],
)
READINGS = Gauge(
    "threadline_readings_timestamp_seconds",
    "When the gauges that come from the database were last read.",
    ["service"],
)
DEAD_LETTERS = Gauge(
    "threadline_dead_letters_waiting",
    "Dead letters that were not replayed, counted up to 10,000 in all.",
    ["stream"],
)
CLOCK_SKEW = Gauge(
    "threadline_clock_skew_seconds", "This host's wall clock minus the database's.", ["service"]
)
