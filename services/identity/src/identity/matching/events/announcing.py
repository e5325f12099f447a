"""Turns what became of candidates into events."""

from collections.abc import Iterable
from datetime import datetime
from math import exp

from common.db import Transaction
from common.messaging import EventData, outbox
from identity.events.published import (
    CandidateDecidedV1,
    CandidateExpiredV1,
    CandidateFoundV1,
    FieldEvidence,
)
from identity.matching.domain.candidates import Candidate, CandidateState


async def announce_candidates(
    tx: Transaction, tenant_id: str, candidates: Iterable[Candidate], *, now: datetime
) -> None:
    """Record an event for each candidate, by its state."""
    await outbox.record(
        tx,
        [
            outbox.OutboxEvent(
                data=_event(candidate),
                tenant_id=tenant_id,
                key=str(candidate.id),
                subject_id=str(candidate.id),
                sequence=candidate.sequence,
                occurred_at=now,
                now=now,
            )
            for candidate in candidates
        ],
    )


def probability(log_odds: float) -> float:
    """Return the probability of these log-odds, to four digits."""
    return round(1.0 / (1.0 + exp(-max(log_odds, -30.0))), 4)


def _event(candidate: Candidate) -> EventData:
    ids = list(candidate.pair)
    match candidate.state:
        case CandidateState.OPEN:
            return CandidateFoundV1(
                candidate_id=candidate.id,
                customer_ids=ids,
                probability=probability(candidate.log_odds),
                evidence=[
                    FieldEvidence(field=each.field, level=each.level, weight=round(each.weight, 4))
                    for each in candidate.evidence
                ],
            )
        case CandidateState.SAME | CandidateState.DIFFERENT:
            return CandidateDecidedV1(
                candidate_id=candidate.id,
                customer_ids=ids,
                decision="same" if candidate.state is CandidateState.SAME else "different",
                actor=candidate.decided_by or "",
                reason=candidate.reason,
            )
    reason = candidate.refusal or candidate.state.value
    if candidate.state is CandidateState.MERGED:
        reason = "merged"
    return CandidateExpiredV1(candidate_id=candidate.id, customer_ids=ids, reason=reason)
