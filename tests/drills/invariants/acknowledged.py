"""Acknowledged messages are never lost, and nothing takes effect twice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.drills.invariants.evidence import Evidence, Row

ALERTING = ("sla.clock.warning", "sla.clock.breached", "sla.breach.retracted")


def no_acknowledged_loss(evidence: Evidence) -> Iterator[str]:
    """Yield the acknowledged messages that are neither stored nor dead-lettered."""
    stored = {
        (row["tenant_id"], row["text"]) for row in evidence.rows["interactions"]["interaction"]
    }
    dead_lettered = b"\n".join(_dead_lettered(evidence))
    for said in evidence.entries.acknowledged:
        if (said.tenant, said.token) not in stored and said.token.encode() not in dead_lettered:
            yield f"{said.token} ({said.way}) was acknowledged and is lost"


def no_double_effect(evidence: Evidence) -> Iterator[str]:
    """Yield everything that was recorded, opened or announced twice."""
    interactions = evidence.rows["interactions"]["interaction"]
    tokens = Counter((r["tenant_id"], r["text"]) for r in interactions)
    for said in evidence.entries.said.values():
        if (times := tokens[said.tenant, said.token]) > 1:
            yield f"{said.token} ({said.way}) was recorded {times} times"
    by_provider = Counter(
        (r["tenant_id"], r["provider_name"], r["provider_account"], r["provider_message_id"])
        for r in interactions
        if r["provider_message_id"] is not None
    )
    yield from _repeated("a provider's message", by_provider)
    yield from _clocks_open_twice(evidence.rows["sla"]["clock"])
    yield from _alerts_twice(evidence)


def counters_equal_a_recount(evidence: Evidence) -> Iterator[str]:
    """Yield the conversations with a wrong count of interactions or a wrong version."""
    happened = Counter(
        (r["tenant_id"], r["conversation_id"]) for r in evidence.rows["interactions"]["interaction"]
    )
    announced = Counter(
        (e.body["tenant_id"], e.body["subject_id"])
        for e in evidence.first_published("interactions.conversations")
        if e.body is not None
    )
    for row in evidence.rows["interactions"]["conversation"]:
        key = row["tenant_id"], row["conversation_id"]
        if row["interaction_count"] != happened[key]:
            yield f"{key[1]} counts {row['interaction_count']} interactions of {happened[key]}"
        if row["version"] != announced[key]:
            yield f"{key[1]} is at version {row['version']} after {announced[key]} events"


def _dead_lettered(evidence: Evidence) -> Iterator[bytes]:
    """Yield the contents of dead letters and of quarantined deliveries."""
    rows = evidence.rows["interactions"]
    yield from (row["record_value"] or b"" for row in rows["dead_letter"])
    yield from (row["body"] for row in rows["quarantined"])


def _clocks_open_twice(clocks: Iterable[Row]) -> Iterator[str]:
    open_clocks = Counter(
        (c["tenant_id"], c["conversation_id"], c["policy_name"], c["metric"])
        for c in clocks
        if c["state"] in {"running", "paused"}
    )
    yield from _repeated("an open clock", open_clocks)


def _alerts_twice(evidence: Evidence) -> Iterator[str]:
    """Yield the kinds of alert that were not shown exactly once for each event."""
    shown = Counter(row["type"] for row in evidence.rows["sla"]["alert"])
    announced = Counter(row["type"] for row in evidence.rows["sla"]["outbox"])
    for kind in ALERTING:
        if shown[kind] != announced[kind]:
            yield f"{shown[kind]} alerts of {kind} for {announced[kind]} events"


def _repeated(what: str, counted: "Counter[tuple[Any, Any, Any, Any]]") -> Iterator[str]:
    yield from (f"{what} {key} exists {n} times" for key, n in counted.items() if n > 1)
