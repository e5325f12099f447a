"""Prometheus metrics of the vault."""

from prometheus_client import Gauge

VAULT_ROWS = Gauge(
    "threadline_interactions_vault_deliveries",
    "Deliveries that wait or are quarantined, each counted up to 10,000.",
    ["state"],
)
VAULT_BYTES = Gauge(
    "threadline_interactions_vault_delivery_bytes", "The bodies of those deliveries.", ["state"]
)
VAULT_OLDEST = Gauge(
    "threadline_interactions_vault_oldest_waiting_seconds",
    "Age of the oldest delivery that waits; 0 without one.",
)
VAULT_SIZE = Gauge(
    "threadline_interactions_vault_size_bytes", "What the vault takes on the disk, with indexes."
)
