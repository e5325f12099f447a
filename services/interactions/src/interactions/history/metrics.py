"""Prometheus metrics of interactions. Every label comes from a closed set."""

from prometheus_client import Counter, Gauge

DUPLICATES = Counter(
    "threadline_interactions_duplicates_total",
    "Repeated messages, by whether their content was the same as the recorded one's.",
    ["content"],
)
RESOLUTIONS = Counter(
    "threadline_interactions_resolutions_total",
    "Contacts, by how their customer was resolved.",
    ["outcome"],
)
IDENTITY_BREAKER_OPEN = Gauge(
    "threadline_interactions_identity_breaker_open",
    "1 while calls to identity are suspended because it failed repeatedly.",
)
DELIVERIES = Counter(
    "threadline_interactions_deliveries_total",
    "Provider deliveries, by provider and outcome.",
    ["provider", "outcome"],
)
ATTACHED = Counter(
    "threadline_interactions_attached_total",
    "Interactions that were recorded without a customer and attached to one later.",
)
