"""What was decided about a customer, and the merges that made it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    PageLimit,
    examples,
    requires,
)
from common.web.responses import Masker, json_answer
from identity.merging.http.decision_examples import LIST_DECISIONS, LIST_MERGES
from identity.merging.http.decision_schemas import (
    DecidedCustomerId,
    DecisionList,
    DecisionResponse,
    PastMergeList,
    PastMergeResponse,
)
from identity.merging.http.decisions import DECISIONS
from identity.merging.store.decision_lists import (
    ListedDecision,
    ListedMerge,
    Position,
    list_decisions,
    list_merges,
)
from identity.resolution.store.decisions import RELEASE

router = APIRouter(prefix="/v1/customers/{customer_id:uuid}", tags=[DECISIONS])

_LAST = Position(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
_SHOWN_EVIDENCE = ("customer_id", "type", "scope", "value", "level")


@router.get(
    "/decisions",
    response_model=DecisionList,
    operation_id="list_customer_decisions",
    summary="List the decisions about a customer",
    openapi_extra=examples(*LIST_DECISIONS),
)
async def list_of_decisions(
    customer_id: DecidedCustomerId,
    *,
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List what persons decided about a customer, the latest first, withdrawn decisions, too."""
    listed = await database.read(
        list_decisions,
        caller.tenant_id,
        customer_id,
        before=_before(cursors, cursor, customer_id),
        limit=limit + 1,
    )
    page, following = cursors.page(
        listed,
        limit,
        position=lambda each: (each.decided_at, each.decision.id),
        filters=str(customer_id),
    )
    masker = Masker(caller.sees_pii)
    items = [_decision(each, masker) for each in page]
    return json_answer(DecisionList(items=items, next=following))


@router.get(
    "/merges",
    response_model=PastMergeList,
    operation_id="list_customer_merges",
    summary="List the merges that made a customer",
    openapi_extra=examples(*LIST_MERGES),
)
async def list_of_merges(
    customer_id: DecidedCustomerId,
    *,
    caller: Annotated[Caller, requires("identity:admin")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the merges behind a customer, the latest first: the engine's and those on request."""
    listed = await database.read(
        list_merges,
        caller.tenant_id,
        customer_id,
        before=_before(cursors, cursor, customer_id),
        limit=limit + 1,
    )
    page, following = cursors.page(
        listed,
        limit,
        position=lambda each: (each.merge.merged_at, each.merge.id),
        filters=str(customer_id),
    )
    masker = Masker(caller.sees_pii)
    items = [_merge(each, masker) for each in page]
    return json_answer(PastMergeList(items=items, next=following))


def _before(cursors: CursorsDep, cursor: str | None, customer_id: UUID) -> Position:
    match cursors.read(cursor, str(customer_id)):
        case [datetime() as at, UUID() as own_id]:
            return Position(at, own_id)
        case _:
            return _LAST


def _decision(listed: ListedDecision, masker: Masker) -> DecisionResponse:
    decision = listed.decision
    return DecisionResponse(
        decision_id=decision.id,
        kind=RELEASE if decision.rule is None else decision.rule.value,
        rule=decision.basis,
        customer_id=decision.customer_id,
        other_id=decision.other_id,
        merge_id=decision.merge_id,
        undo_of=decision.undo_of,
        reason=decision.reason,
        actor=decision.actor,
        evidence=[_evidence(piece, masker) for piece in decision.evidence],
        score=decision.score,
        rules_version=decision.rules_version,
        decided_at=listed.decided_at,
        withdrawn_at=listed.withdrawn_at,
        withdrawn_by=listed.withdrawn_by,
        withdrawal_reason=listed.withdrawal_reason,
    )


def _merge(listed: ListedMerge, masker: Masker) -> PastMergeResponse:
    merge = listed.merge
    return PastMergeResponse(
        merge_id=merge.id,
        survivor_id=merge.before[0].id,
        absorbed_ids=list(merge.absorbed_ids),
        reason=merge.cause.reason,
        rule=merge.cause.rule,
        actor=merge.cause.actor,
        evidence=[_evidence(piece, masker) for piece in merge.cause.evidence],
        merged_at=merge.merged_at,
        undone_by=listed.undone_by,
    )


def _evidence(piece: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    """Return a piece of evidence; what it says of a person is masked like an attribute."""
    if "type" not in piece or "value" not in piece:
        return {name: _masked(name, value, masker) for name, value in piece.items()}
    shown = {name: piece[name] for name in _SHOWN_EVIDENCE if name in piece}
    return shown | {
        "value": masker.value(piece["type"], piece["value"]),
        "scope": masker.text(piece.get("scope")),
    }


def _masked(name: str, value: Any, masker: Masker) -> Any:
    return value if isinstance(value, int | float | bool) else masker.attribute(name, value)
