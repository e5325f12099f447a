"""Nothing acknowledged is lost, and nothing is done twice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.drills.invariants.evidence import Evidence, Row

ALERTING = ("sla.clock.warning", "sla.clock.breached", "sla.breach.retracted")


def no_acknowledged_loss(evidence: Evidence) -> Iterator[str]:
    """Say which messages somebody answered for that are neither stored nor put aside."""
    stored = {
        (row["tenant_id"], row["text"]) for row in evidence.rows["interactions"]["interaction"]
    }
    aside = b"\n".join(_put_aside(evidence))
    for said in evidence.entries.acknowledged:
        if (said.tenant, said.token) not in stored and said.token.encode() not in aside:
            yield f"{said.token} ({said.way}) was acknowledged and is nowhere"


def no_double_effect(evidence: Evidence) -> Iterator[str]:
    """Say what is there more often than it was said."""
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
    """Say which conversations count wrongly what happened in them, or what they told."""
    happened = Counter(
        (r["tenant_id"], r["conversation_id"]) for r in evidence.rows["interactions"]["interaction"]
    )
    told = Counter(
        (e.body["tenant_id"], e.body["subject_id"])
        for e in evidence.first_told("interactions.conversations")
        if e.body is not None
    )
    for row in evidence.rows["interactions"]["conversation"]:
        key = row["tenant_id"], row["conversation_id"]
        if row["interaction_count"] != happened[key]:
            yield f"{key[1]} counts {row['interaction_count']} interactions of {happened[key]}"
        if row["version"] != told[key]:
            yield f"{key[1]} is at version {row['version']} after {told[key]} events"


def _put_aside(evidence: Evidence) -> Iterator[bytes]:
    """Give what stands among the dead letters and in quarantine, with a reason."""
    rows = evidence.rows["interactions"]
    yield from (row["record_value"] or b"" for row in rows["dead_letter"])
    yield from (row["body"] for row in rows["quarantined"])


def _clocks_open_twice(clocks: Iterable[Row]) -> Iterator[str]:
    open_ = Counter(
        (c["tenant_id"], c["conversation_id"], c["policy_name"], c["metric"])
        for c in clocks
        if c["state"] in {"running", "paused"}
    )
    yield from _repeated("an open clock", open_)


def _alerts_twice(evidence: Evidence) -> Iterator[str]:
    """People are shown every warning, breach and retraction once: as often as it was told."""
    shown = Counter(row["type"] for row in evidence.rows["sla"]["alert"])
    told = Counter(row["type"] for row in evidence.rows["sla"]["outbox"])
    for kind in ALERTING:
        if shown[kind] != told[kind]:
            yield f"{shown[kind]} alerts of {kind} for {told[kind]} events"


def _repeated(what: str, counted: "Counter[tuple[Any, Any, Any, Any]]") -> Iterator[str]:
    yield from (f"{what} {key} is there {n} times" for key, n in counted.items() if n > 1)
