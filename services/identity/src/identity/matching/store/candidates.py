"""Candidates, and which customers the profiles of a pair belong to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from common.db import Columns, ReadConnection, Transaction
from identity.matching.domain.candidates import Candidate, CandidateState
from identity.matching.domain.model import Evidence

_CANDIDATE = Columns(
    {
        "candidate_id": "uuid",
        "left_id": "uuid",
        "right_id": "uuid",
        "state": "text",
        "log_odds": "double precision",
        "evidence": "jsonb",
        "refusal": "text",
        "model_version": "integer",
        "sequence": "integer",
        "found_at": "timestamptz",
        "decided_at": "timestamptz",
        "decided_by": "text",
        "reason": "text",
    }
)


def is_withdrawn(candidate: str) -> str:
    """Return whether the decision about a row of candidates was withdrawn, as an expression.

    A decision has the id of the candidate that it is about. EXISTS reads the same, but while the
    table of decisions is small Postgres plans it as a hash of the whole table.
    """
    return f"""
        coalesce((
            SELECT decision.withdrawn_at IS NOT NULL FROM decision
            WHERE decision.tenant_id = {candidate}.tenant_id
              AND decision.decision_id = {candidate}.candidate_id), false)
    """


COLUMNS = f"""
    {_CANDIDATE.names}, {is_withdrawn("match_candidate")} AS is_withdrawn
"""
SAVE = text(
    _CANDIDATE.upsert(
        "match_candidate", "candidates", key=("tenant_id", "left_id", "right_id"),
        shared=("tenant_id",),
    )
)  # fmt: skip


def _touching(condition: str) -> TextClause:
    return text(
        f"""
        SELECT {COLUMNS} FROM match_candidate
        WHERE tenant_id = :tenant_id AND left_id = ANY(cast(:ids AS uuid[])) {condition}
        UNION ALL
        SELECT {COLUMNS} FROM match_candidate
        WHERE tenant_id = :tenant_id AND right_id = ANY(cast(:ids AS uuid[])) {condition}
        """
    )


TOUCHING, OPEN = _touching(""), _touching("AND state = 'open'")
_STATE = Columns(
    {
        "left_id": "uuid",
        "right_id": "uuid",
        "state": "text",
        "refusal": "text",
        "sequence": "integer",
    }
)
SAVE_STATES = text(
    f"""
    UPDATE match_candidate
    SET state = item.state, refusal = item.refusal, sequence = item.sequence
    FROM {_STATE.table("candidates", "item")}
    WHERE match_candidate.tenant_id = :tenant_id AND match_candidate.left_id = item.left_id
      AND match_candidate.right_id = item.right_id
    """
)
BY_STATE = text(
    f"""
    SELECT {COLUMNS} FROM match_candidate
    WHERE tenant_id = :tenant_id AND state = :state
    ORDER BY tenant_id, state, log_odds DESC, candidate_id DESC LIMIT :count
    """
)
BY_ID = text(
    f"""
    SELECT {COLUMNS} FROM match_candidate
    WHERE tenant_id = :tenant_id AND candidate_id = :candidate_id
    """
)
_LABELS = text(
    f"""
    SELECT left_id, right_id, state = 'same' AS is_match FROM match_candidate
    WHERE tenant_id = :tenant_id AND state IN ('same', 'different')
      AND NOT {is_withdrawn("match_candidate")}
    ORDER BY decided_at DESC LIMIT :count
    """
)
_OWN = """
    SELECT asked.id, own.canonical_id
    FROM unnest(cast(:ids AS uuid[])) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT canonical_id FROM customer_alias
        WHERE tenant_id = :tenant_id AND origin_id = asked.id LIMIT 1) AS own
"""
CANONICAL = text(_OWN)
# Without OFFSET the planner may join all aliases of a tenant while they have no statistics.
MEMBERS = text(
    f"""
    SELECT member.origin_id, wanted.canonical_id
    FROM (SELECT DISTINCT canonical_id FROM ({_OWN}) AS own) AS wanted
    CROSS JOIN LATERAL (
        SELECT origin_id FROM customer_alias
        WHERE tenant_id = :tenant_id AND canonical_id = wanted.canonical_id
        OFFSET 0) AS member
    """
)


async def save_candidates(tx: Transaction, tenant_id: str, candidates: Sequence[Candidate]) -> None:
    """Write candidates, each over what is stored of its pair."""
    if candidates:
        values = _CANDIDATE.values([_row(candidate) for candidate in candidates])
        await tx.execute(SAVE, {"tenant_id": tenant_id, "candidates": values})


async def save_states(tx: Transaction, tenant_id: str, candidates: Sequence[Candidate]) -> None:
    """Write what became of candidates; what they were found by stays as it is stored."""
    if candidates:
        rows = [
            {
                "left_id": candidate.left_id,
                "right_id": candidate.right_id,
                "state": candidate.state.value,
                "refusal": candidate.refusal,
                "sequence": candidate.sequence,
            }
            for candidate in candidates
        ]
        await tx.execute(SAVE_STATES, {"tenant_id": tenant_id, "candidates": _STATE.values(rows)})


async def list_open(tx: Transaction, tenant_id: str, ids: Iterable[UUID]) -> list[Candidate]:
    """Return the open candidates with one of these profiles."""
    rows = await tx.execute(OPEN, {"tenant_id": tenant_id, "ids": sorted(ids)})
    return list({row.candidate_id: candidate_of(row) for row in rows}.values())


async def list_candidates_of(
    tx: Transaction, tenant_id: str, ids: Iterable[UUID]
) -> dict[tuple[UUID, UUID], Candidate]:
    """Return every candidate with one of these profiles, by its pair."""
    rows = await tx.execute(TOUCHING, {"tenant_id": tenant_id, "ids": sorted(ids)})
    return {(row.left_id, row.right_id): candidate_of(row) for row in rows}


async def list_proposed(tx: Transaction, tenant_id: str, *, count: int) -> list[Candidate]:
    """Return candidates that the engine is to decide, the likeliest first."""
    values = {"tenant_id": tenant_id, "state": CandidateState.PROPOSED.value, "count": count}
    return [candidate_of(row) for row in await tx.execute(BY_STATE, values)]


async def find_candidate(
    tx: Transaction | ReadConnection, tenant_id: str, candidate_id: UUID
) -> Candidate | None:
    values = {"tenant_id": tenant_id, "candidate_id": candidate_id}
    row = (await tx.execute(BY_ID, values)).one_or_none()
    return None if row is None else candidate_of(row)


async def list_labels(
    tx: Transaction, tenant_id: str, *, count: int
) -> list[tuple[UUID, UUID, bool]]:
    """Return the pairs on which people decided last, and whether they are one person."""
    rows = await tx.execute(_LABELS, {"tenant_id": tenant_id, "count": count})
    return [(row.left_id, row.right_id, row.is_match) for row in rows]


async def list_canonical(tx: Transaction, tenant_id: str, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the canonical id that each of these ids leads to."""
    rows = await tx.execute(CANONICAL, {"tenant_id": tenant_id, "ids": sorted(ids)})
    return {row.id: row.canonical_id for row in rows}


async def list_members(tx: Transaction, tenant_id: str, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the canonical id of every id of the customers that these ids lead to."""
    rows = await tx.execute(MEMBERS, {"tenant_id": tenant_id, "ids": sorted(ids)})
    return {row.origin_id: row.canonical_id for row in rows}


def candidate_of(row: Any) -> Candidate:
    evidence: Iterable[Mapping[str, Any]] = row.evidence
    return Candidate(
        id=row.candidate_id,
        left_id=row.left_id,
        right_id=row.right_id,
        state=CandidateState(row.state),
        log_odds=row.log_odds,
        evidence=tuple(Evidence(**each) for each in evidence),
        model_version=row.model_version,
        sequence=row.sequence,
        found_at=row.found_at,
        refusal=row.refusal,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        is_withdrawn=row.is_withdrawn,
    )


def _row(candidate: Candidate) -> dict[str, Any]:
    return {
        "candidate_id": candidate.id,
        "left_id": candidate.left_id,
        "right_id": candidate.right_id,
        "state": candidate.state.value,
        "log_odds": candidate.log_odds,
        "evidence": [
            {"field": each.field, "level": each.level, "weight": round(each.weight, 4)}
            for each in candidate.evidence
        ],
        "refusal": candidate.refusal,
        "model_version": candidate.model_version,
        "sequence": candidate.sequence,
        "found_at": candidate.found_at,
        "decided_at": candidate.decided_at,
        "decided_by": candidate.decided_by,
        "reason": candidate.reason,
    }
