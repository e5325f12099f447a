"""Reads candidates with what is compared of both customers, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.errors import NotFoundError
from identity.matching.domain.candidates import Candidate
from identity.matching.domain.profiles import Profile
from identity.matching.store.candidates import candidate_of, is_withdrawn
from identity.matching.store.profile_json import profile_from_json

_VIEW = f"""
    SELECT candidate.*,
           {is_withdrawn("candidate")} AS is_withdrawn,
           left_alias.canonical_id AS left_customer,
           right_alias.canonical_id AS right_customer,
           left_profile.profile AS left_values, right_profile.profile AS right_values
    FROM match_candidate AS candidate
    JOIN customer_alias AS left_alias
      ON left_alias.tenant_id = candidate.tenant_id AND left_alias.origin_id = candidate.left_id
    JOIN customer_alias AS right_alias
      ON right_alias.tenant_id = candidate.tenant_id AND right_alias.origin_id = candidate.right_id
    LEFT JOIN match_profile AS left_profile
      ON left_profile.tenant_id = candidate.tenant_id
     AND left_profile.customer_id = candidate.left_id
    LEFT JOIN match_profile AS right_profile
      ON right_profile.tenant_id = candidate.tenant_id
     AND right_profile.customer_id = candidate.right_id
"""
# A resolution or a request may have merged the two: such a question needs no answer.
LIST = text(
    f"""
    {_VIEW}
    WHERE candidate.tenant_id = :tenant_id AND candidate.state = :state
      AND (candidate.log_odds, candidate.candidate_id)
          < (coalesce(cast(:log_odds AS double precision), 'infinity'), :candidate_id)
      AND (:state <> 'open' OR left_alias.canonical_id <> right_alias.canonical_id)
    ORDER BY candidate.tenant_id, candidate.state, candidate.log_odds DESC,
             candidate.candidate_id DESC
    LIMIT :limit
    """
)
FIND = text(
    f"""
    {_VIEW}
    WHERE candidate.tenant_id = :tenant_id AND candidate.candidate_id = :candidate_id
    """
)


@dataclass(frozen=True, slots=True)
class CandidateView:
    """``customer_ids`` are canonical; a profile is None if nothing can be compared any more."""

    candidate: Candidate
    customer_ids: tuple[UUID, UUID]
    left: Profile | None
    right: Profile | None


@dataclass(frozen=True, slots=True)
class After:
    """Where the page before ended."""

    log_odds: float
    candidate_id: UUID


async def list_candidate_views(
    connection: ReadConnection, tenant_id: str, state: str, *, after: After | None, limit: int
) -> Sequence[CandidateView]:
    """Return candidates in this state, the likeliest first."""
    values = {
        "tenant_id": tenant_id,
        "state": state,
        "log_odds": None if after is None else after.log_odds,
        "candidate_id": None if after is None else after.candidate_id,
        "limit": limit,
    }
    return [_view(row) for row in await connection.execute(LIST, values)]


async def get_candidate_view(
    connection: ReadConnection | Transaction, tenant_id: str, candidate_id: UUID
) -> CandidateView:
    """Return the candidate. Raises NotFoundError if the tenant has no such one."""
    values = {"tenant_id": tenant_id, "candidate_id": candidate_id}
    row = (await connection.execute(FIND, values)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such candidate")
    return _view(row)


def _view(row: Any) -> CandidateView:
    return CandidateView(
        candidate_of(row),
        (row.left_customer, row.right_customer),
        None if row.left_values is None else profile_from_json(row.left_values),
        None if row.right_values is None else profile_from_json(row.right_values),
    )
