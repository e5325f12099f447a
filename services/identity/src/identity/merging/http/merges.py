"""Two customers that are one person: say so, or see first what would come of it."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from common.web import Caller, WriterDep, requires
from common.web.requests import json_body
from common.web.responses import Masker
from identity.customers.domain.attributes import same, visible
from identity.customers.http.masking import (
    held,
    masked_attribute,
    masked_attributes,
    masked_identifiers,
)
from identity.customers.http.schemas import (
    MergePreview,
    MergeRequest,
    MergeResponse,
    OverriddenAttribute,
)
from identity.merging.domain.merging import MergePlan
from identity.merging.usecases.merge_customers import MergeCustomers, Merged, merge_customers
from identity.resolution.http.state import ResolutionStateDep

UNSPECIFIED = "unspecified"

router = APIRouter(tags=["merges"])


@router.post("/v1/merges", response_model=MergeResponse)
async def merge(
    caller: Annotated[Caller, requires("identity:admin")],
    body: Annotated[MergeRequest, json_body(MergeRequest)],
    state: ResolutionStateDep,
    write: WriterDep,
) -> Response:
    """Merge the source into the target; when they are one already, nothing changes."""
    command = MergeCustomers(
        tenant_id=caller.tenant_id,
        source_id=body.source_id,
        target_id=body.target_id,
        reason=body.reason or UNSPECIFIED,
        actor=caller.principal_id,
        rules=state.rules,
        dry_run=body.dry_run,
    )
    masker = Masker(caller.sees_pii)
    return await write(
        merge_customers,
        command,
        answer=lambda merged: (200, _response(merged, masker, dry_run=body.dry_run)),
    )


def _response(merged: Merged, masker: Masker, *, dry_run: bool) -> MergeResponse:
    plan = merged.plan
    return MergeResponse(
        merge_id=merged.merge_id,
        customer_id=merged.customer_id,
        absorbed_ids=list(plan.absorbed_ids) if plan else [],
        changed=plan is not None,
        dry_run=dry_run,
        preview=_preview(plan, masker) if plan and dry_run else None,
    )


def _preview(plan: MergePlan, masker: Masker) -> MergePreview:
    after = visible(plan.after.attributes)
    return MergePreview(
        attributes=masked_attributes(masker, after),
        identifiers=masked_identifiers(masker, held(plan.after.identifiers.values())),
        overridden=[
            OverriddenAttribute(
                customer_id=before.id, name=name, value=masked_attribute(masker, name, value)
            )
            for before in (plan.target, plan.absorbed)
            for name, value in visible(before.attributes).items()
            if not same(value, after.get(name))
        ],
    )
