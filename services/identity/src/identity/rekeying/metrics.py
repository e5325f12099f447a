"""Prometheus metrics of re-keying."""

from prometheus_client import Counter

REKEYED = Counter(
    "threadline_identity_rekeyed_total",
    "Stored identifiers of an older normaliser, by what became of them.",
    ["outcome"],
)
