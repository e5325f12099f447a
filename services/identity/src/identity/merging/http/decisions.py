"""Decisions about customers: undo, split, unlink, keep apart, release, withdraw."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.web import Caller, WriterDep, examples, requires, tag
from common.web.requests import json_body
from common.web.responses import Masker
from identity.merging.domain.outcomes import Decider, Outcome
from identity.merging.http.answers import UNSPECIFIED, outcome_response, read_key
from identity.merging.http.decision_examples import (
    KEEP_APART,
    RELEASE,
    SPLIT,
    UNDO,
    UNLINK,
    WITHDRAW,
)
from identity.merging.http.decision_schemas import (
    ApartRequest,
    DecidedCustomerId,
    DecisionBody,
    DecisionOutcome,
    ReleaseRequest,
    SplitRequest,
    UndoRequest,
    UnlinkRequest,
    WithdrawalRequest,
)
from identity.merging.http.state import MergingState, MergingStateDep
from identity.merging.usecases.decisions import (
    KeepApart,
    ReleaseIdentifier,
    SplitCustomer,
    UndoMerge,
    UnlinkIdentifier,
    WithdrawDecision,
    release,
    separate,
    split,
    undo,
    unlink,
    withdraw,
)
from identity.merging.usecases.locked_decision import DecisionRequest

DECISIONS = tag(
    "decisions", "What persons decide about customers. It outranks the engine until withdrawn."
)
router = APIRouter(tags=[DECISIONS])

AdminCaller = Annotated[Caller, requires("identity:admin")]


@router.post(
    "/v1/merges/{merge_id:uuid}/undo",
    response_model=DecisionOutcome,
    operation_id="undo_merge",
    summary="Undo a merge",
    openapi_extra=examples(*UNDO),
    responses={404: {"description": "The tenant has no such merge."}},
)
async def undo_merge(
    merge_id: Annotated[UUID, Path(description="Id of the merge, whoever made it.")],
    caller: AdminCaller,
    body: Annotated[UndoRequest, json_body(UndoRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """Undo a merge: its customers are again what they were, under their ids of before.

    What came since goes to the side whose identifiers it came with. The customers are kept apart
    from now on. A merge in the middle of a chain can be undone, too; one that was undone already
    changes nothing.
    """
    command = UndoMerge(_request(caller, body, state), merge_id)
    return await _write(write, undo, command, caller, body)


@router.post(
    "/v1/customers/{customer_id:uuid}/split",
    response_model=DecisionOutcome,
    operation_id="split_customer",
    summary="Split a customer",
    openapi_extra=examples(*SPLIT),
)
async def split_customer(
    customer_id: DecidedCustomerId,
    caller: AdminCaller,
    body: Annotated[SplitRequest, json_body(SplitRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """Make some identifiers those of another customer, and keep the two apart.

    That customer is a new one, or one that was absorbed if all that it had is split off, or the one
    to whom the evidence leads from these identifiers.
    """
    region = body.default_region or state.default_region
    keys = tuple(
        read_key(identifier, region, f"/identifiers/{place}")
        for place, identifier in enumerate(body.identifiers)
    )
    command = SplitCustomer(_request(caller, body, state), customer_id, keys)
    return await _write(write, split, command, caller, body)


@router.post(
    "/v1/customers/{customer_id:uuid}/unlink",
    response_model=DecisionOutcome,
    operation_id="unlink_identifier",
    summary="Unlink an identifier from a customer",
    openapi_extra=examples(*UNLINK),
)
async def unlink_identifier(
    customer_id: DecidedCustomerId,
    caller: AdminCaller,
    body: Annotated[UnlinkRequest, json_body(UnlinkRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """Take away an identifier that is not the customer's, such as a mistyped address.

    It is nobody's until somebody presents it, and never this customer's again.
    """
    region = body.default_region or state.default_region
    key = read_key(body.identifier, region, "/identifier")
    command = UnlinkIdentifier(_request(caller, body, state), customer_id, key)
    return await _write(write, unlink, command, caller, body)


@router.post(
    "/v1/decisions/apart",
    response_model=DecisionOutcome,
    operation_id="keep_customers_apart",
    summary="Keep two customers apart",
    openapi_extra=examples(*KEEP_APART),
    responses={
        404: {"description": "One of the ids belongs to no customer of the tenant."},
        409: {
            "description": "Both ids lead to one customer, or one of the two has no identifier to"
            " keep apart."
        },
    },
)
async def keep_apart(
    caller: AdminCaller,
    body: Annotated[ApartRequest, json_body(ApartRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """Decide that two customers are two persons: nothing that the engine learns merges them."""
    command = KeepApart(_request(caller, body, state), body.customer_id, body.other_id)
    return await _write(write, separate, command, caller, body)


@router.post(
    "/v1/decisions/release",
    response_model=DecisionOutcome,
    operation_id="release_identifier",
    summary="Release an identifier from quarantine",
    openapi_extra=examples(*RELEASE),
    responses={404: {"description": "The identifier is not in quarantine."}},
)
async def release_identifier(
    caller: AdminCaller,
    body: Annotated[ReleaseRequest, json_body(ReleaseRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """Decide that an identifier is one customer's although many share it.

    It goes to the customer to whom the evidence leads, for good.
    """
    region = body.default_region or state.default_region
    key = read_key(body.identifier, region, "/identifier")
    command = ReleaseIdentifier(_request(caller, body, state), key)
    return await _write(write, release, command, caller, body)


@router.post(
    "/v1/decisions/{decision_id:uuid}/withdraw",
    response_model=DecisionOutcome,
    operation_id="withdraw_decision",
    summary="Withdraw a decision",
    openapi_extra=examples(*WITHDRAW),
    responses={404: {"description": "The tenant has no such decision, or it was withdrawn."}},
)
async def withdraw_decision(
    decision_id: Annotated[UUID, Path(description="Id of the decision.")],
    caller: AdminCaller,
    body: Annotated[WithdrawalRequest, json_body(WithdrawalRequest)],
    state: MergingStateDep,
    write: WriterDep,
) -> Response:
    """End a decision: from now on the evidence decides alone, and customers may merge or part."""
    command = WithdrawDecision(_request(caller, body, state), decision_id)
    return await _write(write, withdraw, command, caller, body)


def _request(caller: Caller, body: DecisionBody, state: MergingState) -> DecisionRequest:
    decider = Decider(caller.principal_id, body.reason or UNSPECIFIED)
    return DecisionRequest(caller.tenant_id, decider, state.limits, body.dry_run)


async def _write(
    write: WriterDep,
    use_case: Callable[..., Awaitable[Outcome]],
    command: Any,
    caller: Caller,
    body: DecisionBody,
) -> Response:
    masker = Masker(caller.sees_pii)
    return await write(
        use_case,
        command,
        answer=lambda outcome: (200, outcome_response(outcome, masker, dry_run=body.dry_run)),
    )
