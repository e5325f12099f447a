"""Versioned policies; the first by position whose conditions hold covers a conversation."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import NotFoundError
from common.etags import ExpectedEtag
from common.web import (
    Caller,
    CursorParameter,
    CursorsDep,
    DatabaseDep,
    IfMatchDep,
    IfNoneMatchDep,
    PageLimit,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import json_body
from common.web.responses import json_answer, strong_etag
from sla.rules.http.examples import CREATE_POLICY, LIST_POLICIES, PUT_POLICY, READ_POLICY
from sla.rules.http.policy_schemas import PolicyList, PolicyRequest, PolicyResponse
from sla.rules.store.policies import POLICIES, PolicyVersion
from sla.rules.usecases.save_policy import SavePolicy, save_policy

_POSITION_TAKEN: dict[int | str, Any] = {
    409: {"description": "Another policy has this ``position``."}
}

router = APIRouter(
    prefix="/v1/sla/policies", tags=[tag("policies", "Which conversations get which targets.")]
)

PolicyId = Annotated[UUID, Path(description="Id of the policy.")]


@router.post(
    "",
    status_code=201,
    response_model=PolicyResponse,
    summary="Create a policy",
    openapi_extra=examples(*CREATE_POLICY),
    responses=_POSITION_TAKEN,
)
async def create_policy(
    caller: Annotated[Caller, requires("sla:admin")],
    body: Annotated[PolicyRequest, json_body(PolicyRequest)],
    write: WriterDep,
) -> Response:
    """Create a policy. It covers conversations from now on."""
    return await write(save_policy, _command(caller, None, body), answer=lambda p: _answer(201, p))


@router.put(
    "/{policy_id}",
    response_model=PolicyResponse,
    summary="Replace a policy",
    openapi_extra=examples(*PUT_POLICY),
    responses=_POSITION_TAKEN,
)
async def put_policy(
    policy_id: PolicyId,
    caller: Annotated[Caller, requires("sla:admin")],
    body: Annotated[PolicyRequest, json_body(PolicyRequest)],
    if_match: IfMatchDep,
    write: WriterDep,
) -> Response:
    """Replace a policy by its next version; with ``If-Match`` only if it still has that ETag.

    Conversations that matched before keep the version they matched.
    """
    command = _command(caller, policy_id, body, if_match.expected())
    return await write(save_policy, command, answer=lambda p: _answer(200, p))


@router.get(
    "", response_model=PolicyList, summary="List policies", openapi_extra=examples(*LIST_POLICIES)
)
async def list_policies(
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    cursors: CursorsDep,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List the current versions of all policies, ordered by position."""
    position = cursors.read(cursor)
    after = position[0] if position and isinstance(position[0], int) else -1
    versions = await database.read(
        POLICIES.list_current, caller.tenant_id, after=after, limit=limit + 1
    )
    page, following = cursors.page(versions, limit, position=lambda p: (p.position,))
    return json_answer(PolicyList(items=[_response(p) for p in page], next=following))


@router.get(
    "/{policy_id}",
    response_model=PolicyResponse,
    summary="Read a policy",
    openapi_extra=examples(*READ_POLICY),
)
async def read_policy(
    policy_id: PolicyId,
    caller: Annotated[Caller, requires("sla:read")],
    database: DatabaseDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Read a policy in its current version."""
    policy = await database.read(POLICIES.find_current, caller.tenant_id, policy_id)
    if policy is None:
        raise NotFoundError("there is no such policy")
    etag = _etag(policy)
    return if_none_match.not_modified(etag) or json_answer(_response(policy), etag=etag)


def _command(
    caller: Caller,
    policy_id: UUID | None,
    body: PolicyRequest,
    expected: ExpectedEtag | None = None,
) -> SavePolicy:
    return SavePolicy(
        tenant_id=caller.tenant_id,
        policy_id=policy_id,
        name=body.name,
        position=body.position,
        enabled=body.enabled,
        body=body.model_dump(mode="json", exclude={"name", "position", "enabled"}),
        expected=expected,
    )


def _etag(policy: PolicyVersion) -> str:
    return strong_etag(*policy.etag_parts)


def _answer(status: int, saved: PolicyVersion) -> tuple[int, PolicyResponse, dict[str, str]]:
    return status, _response(saved), {"ETag": _etag(saved)}


def _response(saved: PolicyVersion) -> PolicyResponse:
    return PolicyResponse.model_validate(saved.members(), strict=False)
