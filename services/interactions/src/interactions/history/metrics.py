"""What this service counts beside the shared plumbing. Labels come from closed sets only."""

from prometheus_client import Counter, Gauge

DUPLICATES = Counter(
    "threadline_interactions_duplicates_total",
    "Messages that had been recorded before, by whether their content was the same.",
    ["content"],
)
RESOLUTIONS = Counter(
    "threadline_interactions_resolutions_total",
    "Contacts by how their customer was found.",
    ["outcome"],
)
IDENTITY_BREAKER_OPEN = Gauge(
    "threadline_interactions_identity_breaker_open",
    "1 while identity is not asked because it failed repeatedly.",
)
DELIVERIES = Counter(
    "threadline_interactions_deliveries_total",
    "Provider deliveries by provider and what became of them.",
    ["provider", "outcome"],
)
ATTACHED = Counter(
    "threadline_interactions_attached_total", "Interactions that got their customer later."
)
