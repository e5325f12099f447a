"""Prometheus metrics of retirement."""

from prometheus_client import Counter

RETIRED = Counter(
    "threadline_identity_retired_total",
    "Customers that were retired because they were made of nothing usable.",
)
