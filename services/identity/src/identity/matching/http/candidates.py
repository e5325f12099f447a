"""``/v1/match-candidates``: customers that may be one person, for people to decide."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    PageLimit,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import json_body
from common.web.responses import Masker, Part, json_answer
from identity.matching.domain.candidates import Candidate
from identity.matching.domain.model import values_of
from identity.matching.domain.profiles import Profile
from identity.matching.events.announcing import probability
from identity.matching.http.examples import LIST_CANDIDATES, READ_CANDIDATE, REVIEW_CANDIDATE
from identity.matching.http.schemas import (
    CandidateList,
    CandidateResponse,
    FieldComparison,
    ReviewRequest,
    StateName,
)
from identity.matching.http.state import MatchingStateDep
from identity.matching.store.candidate_views import (
    After,
    CandidateView,
    get_candidate_view,
    list_candidate_views,
)
from identity.matching.usecases.review_candidate import ReviewCandidate, review_candidate

router = APIRouter(
    prefix="/v1/match-candidates",
    tags=[tag("match candidates", "Customers that may be one person, for people to decide.")],
)
CandidateId = Annotated[UUID, Path(description="Id of the candidate.")]
_STATE = "Only candidates in this state; ``open`` if absent."


@router.get(
    "",
    response_model=CandidateList,
    summary="List match candidates",
    openapi_extra=examples(*LIST_CANDIDATES),
)
async def list_match_candidates(
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    cursors: CursorsDep,
    *,
    limit: PageLimit,
    state: Annotated[StateName, Query(description=_STATE)] = "open",
    cursor: CursorParameter = None,
) -> Response:
    """List pairs of customers that may be one person, the likeliest first."""
    bound = {"state": str(state)}
    views = await database.read(
        list_candidate_views,
        caller.tenant_id,
        state,
        after=_after(cursors.read(cursor, bound)),
        limit=limit + 1,
    )
    page, following = cursors.page(views, limit, position=_position, filters=bound)
    masker = Masker(caller.sees_pii)
    items = [_response(view, masker) for view in page]
    return json_answer(CandidateList(items=items, next=following))


@router.get(
    "/{candidate_id}",
    response_model=CandidateResponse,
    summary="Read a match candidate",
    openapi_extra=examples(*READ_CANDIDATE),
)
async def read_match_candidate(
    candidate_id: CandidateId,
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
) -> Response:
    """Read a candidate with its evidence, field by field."""
    view = await database.read(get_candidate_view, caller.tenant_id, candidate_id)
    return json_answer(_response(view, Masker(caller.sees_pii)))


@router.post(
    "/{candidate_id}/decision",
    response_model=CandidateResponse,
    summary="Decide a match candidate",
    operation_id="decide_match_candidate",
    openapi_extra=examples(*REVIEW_CANDIDATE),
    responses={
        404: {"description": "The tenant has no such candidate."},
        409: {
            "description": "The candidate is settled, an earlier decision keeps the two apart, or"
            " the merged customer would be too large."
        },
    },
)
async def decide_match_candidate(
    candidate_id: CandidateId,
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[ReviewRequest, json_body(ReviewRequest)],
    state: MatchingStateDep,
    write: WriterDep,
) -> Response:
    """Decide whether the two are one person; a repeated decision changes nothing."""
    command = ReviewCandidate(
        tenant_id=caller.tenant_id,
        candidate_id=candidate_id,
        is_same=body.decision == "same",
        actor=caller.principal_id,
        reason=body.reason,
        limits=state.limits,
    )
    masker = Masker(caller.sees_pii)
    return await write(
        review_candidate, command, answer=lambda view: (200, _response(view, masker))
    )


def _response(view: CandidateView, masker: Masker) -> CandidateResponse:
    candidate = view.candidate
    return CandidateResponse.model_validate(
        {
            "candidate_id": candidate.id,
            "customer_ids": list(view.customer_ids),
            "profile_ids": list(candidate.pair),
            "state": "open" if candidate.is_asked else candidate.state.value,
            "probability": probability(candidate.log_odds),
            "evidence": _evidence(candidate, view, masker),
            "refusal": candidate.refusal,
            "model_version": candidate.model_version,
            "found_at": candidate.found_at,
            "decided_at": candidate.decided_at,
            "decided_by": candidate.decided_by,
            "reason": candidate.reason,
        }
    )


def _evidence(candidate: Candidate, view: CandidateView, masker: Masker) -> list[FieldComparison]:
    return [
        FieldComparison(
            field=each.field,
            level=each.level,
            weight=round(each.weight, 4),
            values=[
                masker.attribute(each.field, _value(each.field, profile))
                for profile in (view.left, view.right)
            ],
        )
        for each in candidate.evidence
    ]


def _value(field: str, profile: Profile | None) -> str | None:
    if profile is None:
        return None
    if field == "middle_name":
        return profile.middle
    if field == "customer_number":
        return ", ".join(profile.numbers.values())
    return ", ".join(values_of(field, profile))


def _after(position: tuple[Part, ...] | None) -> After | None:
    if position is None:
        return None
    log_odds, candidate_id = position
    return After(float(str(log_odds)), UUID(str(candidate_id)))


def _position(view: CandidateView) -> tuple[Part, ...]:
    return repr(view.candidate.log_odds), view.candidate.id
