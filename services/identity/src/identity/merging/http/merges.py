"""``POST /v1/merges``: make two customers one, or preview the result."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from common.web import Caller, WriterDep, examples, requires, tag
from common.web.requests import ConsistencyToken, json_body
from common.web.responses import Masker
from identity.customers.domain.attributes import cleared_names, is_same_json, visible_values
from identity.customers.http.masks import masked_attributes
from identity.merging.domain.merge_plan import MergePlan
from identity.merging.http.answers import UNSPECIFIED, held_identifiers, shown_identifiers
from identity.merging.http.examples import MERGE
from identity.merging.http.schemas import (
    MergeConflict,
    MergePreview,
    MergeRequest,
    MergeResponse,
    OverriddenAttribute,
)
from identity.merging.http.state import MergingStateDep
from identity.merging.usecases.merge_customers import (
    MergeCustomers,
    MergeResult,
    merge_customers,
)

router = APIRouter(tags=[tag("merges", "Making two customers one.")])


@router.post(
    "/v1/merges",
    response_model=MergeResponse,
    operation_id="merge_customers",
    openapi_extra=examples(*MERGE),
    summary="Merge two customers",
    responses={
        404: {"description": "One of the ids belongs to no customer of the tenant."},
        409: {
            "description": "A decision keeps the two apart, or the merged customer would have more"
            " identifiers or attributes than one may have."
        },
    },
)
async def merge(
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[MergeRequest, json_body(MergeRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """Merge the source into the target; if they are one customer already, nothing changes.

    It is a decision: the engine does not take it back. ``POST /v1/merges/{merge_id}/undo`` does.
    """
    command = MergeCustomers(
        tenant_id=caller.tenant_id,
        source_id=body.source_id,
        target_id=body.target_id,
        reason=body.reason or UNSPECIFIED,
        actor=caller.principal_id,
        limits=state.limits,
        dry_run=body.dry_run,
        override_decisions=body.override_decisions,
    )
    masker = Masker(caller.sees_pii)
    return await write(
        merge_customers,
        command,
        answer=lambda result: (200, _response(result, masker, dry_run=body.dry_run)),
    )


def _response(result: MergeResult, masker: Masker, *, dry_run: bool) -> MergeResponse:
    plan = result.plan
    return MergeResponse(
        merge_id=result.merge_id,
        customer_id=result.customer_id,
        absorbed_ids=list(plan.absorbed_ids) if plan else [],
        changed=plan is not None,
        dry_run=dry_run,
        preview=_preview(result, plan, masker) if plan and dry_run else None,
        consistency_token=None
        if dry_run
        else ConsistencyToken(result.customer_id, result.version).encode(),
    )


def _preview(result: MergeResult, plan: MergePlan, masker: Masker) -> MergePreview:
    after = visible_values(plan.after.attributes)
    return MergePreview(
        attributes=masked_attributes(masker, after),
        identifiers=held_identifiers(masker, plan.after),
        cleared=list(cleared_names(plan.after.attributes)),
        overridden=[
            OverriddenAttribute(
                customer_id=before.id, name=name, value=masker.attribute(name, value)
            )
            for before in (plan.target, plan.absorbed)
            for name, value in visible_values(before.attributes).items()
            if not is_same_json(value, after.get(name))
        ],
        moved=held_identifiers(masker, plan.absorbed),
        conflicts=[
            MergeConflict(
                kind=conflict.kind.value,
                identifiers=shown_identifiers(masker, conflict.identifiers),
                decision_ids=list(conflict.decision_ids),
            )
            for conflict in result.conflicts
        ],
    )
