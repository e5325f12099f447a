"""``/v1/suppressions`` and ``/v1/sign-ups``: who must not be processed, and who may be again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import ErrorCode, FieldError, InvalidError
from common.web import Caller, WriterDep, examples, requires
from common.web.requests import json_body
from identifiers import IdentifierKey, Rules, Unusable, normalise
from identity.privacy.http.erasures import SCOPE
from identity.privacy.http.examples import LIFT, SIGN_UP, SUPPRESS
from identity.privacy.http.schemas import (
    LiftRequest,
    SignUpRequest,
    SignUpResponse,
    SuppressionRequest,
    SuppressionResponse,
)
from identity.privacy.http.state import PrivacyStateDep
from identity.privacy.store.suppressions import Suppression
from identity.privacy.usecases.suppress import (
    LiftSuppression,
    SignUp,
    Suppress,
    lift,
    sign_up,
    suppress,
)
from identity.resolution.http.schemas import ObservedIdentifier

router = APIRouter(tags=["privacy"])


@router.post(
    "/v1/suppressions",
    response_model=SuppressionResponse,
    operation_id="suppress_contact_point",
    openapi_extra=examples(*SUPPRESS),
    summary="Suppress a contact point",
)
async def suppress_contact_point(
    caller: Annotated[Caller, requires(SCOPE)],
    body: Annotated[SuppressionRequest, json_body(SuppressionRequest)],
    state: PrivacyStateDep,
    write: WriterDep,
) -> Response:
    """Put a contact point on the list of those that must not be processed, without erasing.

    It finds, joins and creates no customer any more, before and after merges, whoever has it. One
    that is suppressed already stays so, with its first reason.
    """
    command = Suppress(
        tenant_id=caller.tenant_id,
        key=_key(body.identifier, "/identifier", body.default_region or state.default_region),
        reason=body.reason,
        actor=caller.principal_id,
        deny_keys=state.deny_keys,
    )
    return await write(suppress, command, answer=lambda result: (200, _response(result)))


@router.post(
    "/v1/suppressions/{suppression_id}/lift",
    response_model=SuppressionResponse,
    operation_id="lift_suppression",
    openapi_extra=examples(*LIFT),
    summary="Lift a suppression",
)
async def lift_suppression(
    caller: Annotated[Caller, requires(SCOPE)],
    suppression_id: Annotated[UUID, Path(description="The id of the suppression.")],
    body: Annotated[LiftRequest, json_body(LiftRequest)],
    write: WriterDep,
) -> Response:
    """Process a contact point again; a suppression that was lifted before stays so."""
    command = LiftSuppression(caller.tenant_id, suppression_id, body.reason)
    return await write(lift, command, answer=lambda result: (200, _response(result)))


@router.post(
    "/v1/sign-ups",
    response_model=SignUpResponse,
    operation_id="sign_up",
    openapi_extra=examples(*SIGN_UP),
    summary="Accept an erased person again",
)
async def sign_up_again(
    caller: Annotated[Caller, requires(SCOPE)],
    body: Annotated[SignUpRequest, json_body(SignUpRequest)],
    state: PrivacyStateDep,
    write: WriterDep,
) -> Response:
    """Accept identifiers again that were denied because their customer was erased.

    A suppression is not lifted by this.
    """
    region = body.default_region or state.default_region
    keys = tuple(
        _key(identifier, f"/identifiers/{place}", region)
        for place, identifier in enumerate(body.identifiers)
    )
    command = SignUp(caller.tenant_id, keys, state.deny_keys)
    return await write(
        sign_up,
        command,
        answer=lambda result: (
            200,
            SignUpResponse(lifted=result.lifted, signed_up_at=result.signed_up_at),
        ),
    )


def _key(identifier: ObservedIdentifier, pointer: str, region: str | None) -> IdentifierKey:
    outcome = normalise(identifier.type, identifier.value, identifier.scope, Rules(region=region))
    if isinstance(outcome, Unusable):
        problem = FieldError(
            f"{pointer}/value", ErrorCode.INVALID_VALUE, f"is no identifier: {outcome.reason}"
        )
        raise InvalidError("the identifier is invalid", errors=[problem])
    return outcome.key


def _response(suppression: Suppression) -> SuppressionResponse:
    return SuppressionResponse(
        suppression_id=suppression.suppression_id,
        type=suppression.type,
        reason=suppression.reason,
        actor=suppression.actor,
        created_at=suppression.created_at,
        lifted_at=suppression.lifted_at,
        lift_reason=suppression.lift_reason,
    )
