"""``/v1/erasures``: erase a customer, follow how far that is, get the signed receipt."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import ConflictError, NotFoundError
from common.web import Caller, DatabaseDep, WriterDep, examples, requires, tag
from common.web.requests import json_body
from common.web.responses import json_answer
from identity.privacy.domain.erasures import Erasure
from identity.privacy.http.examples import ERASE, READ_ERASURE, READ_RECEIPT, RECEIPT_KEYS
from identity.privacy.http.schemas import (
    ErasureRequest,
    ErasureResponse,
    ReceiptKeysResponse,
    ReceiptResponse,
    ServiceReport,
)
from identity.privacy.http.state import PrivacyStateDep
from identity.privacy.store.erasures import find_erasure
from identity.privacy.usecases.erase_customer import (
    EraseCustomer,
    ErasureRequested,
    erase_customer,
)

SCOPE = "privacy:admin"

router = APIRouter(
    tags=[tag("privacy", "Erasing people, exporting what is known of them, objections.")]
)
ErasureId = Annotated[UUID, Path(description="The id that the request to erase answered with.")]


@router.post(
    "/v1/erasures",
    response_model=ErasureResponse,
    status_code=202,
    operation_id="erase_customer",
    openapi_extra=examples(*ERASE),
    summary="Erase a customer",
    responses={
        200: {
            "model": ErasureResponse,
            "description": "A dry run, or the customer was erased before.",
        },
        404: {"description": "The id was never issued to a customer of the tenant."},
    },
)
async def erase(
    caller: Annotated[Caller, requires(SCOPE)],
    body: Annotated[ErasureRequest, json_body(ErasureRequest)],
    state: PrivacyStateDep,
    write: WriterDep,
) -> Response:
    """Erase every member of a customer and every trace of them, here and in the other services.

    The customer cannot be read any more once this answers. Logs, queues and the other services
    follow; read the erasure to see how far they are.
    """
    command = EraseCustomer(
        tenant_id=caller.tenant_id,
        customer_id=body.customer_id,
        reason=body.reason,
        actor=caller.principal_id,
        deny_keys=state.deny_keys,
        dry_run=body.dry_run,
    )
    return await write(
        erase_customer,
        command,
        answer=lambda result: (
            200 if body.dry_run or result.repeated else 202,
            _requested(result, dry_run=body.dry_run),
        ),
    )


@router.get(
    "/v1/erasures/{erasure_id}",
    response_model=ErasureResponse,
    operation_id="read_erasure",
    openapi_extra=examples(*READ_ERASURE),
    summary="Read an erasure",
)
async def read(
    caller: Annotated[Caller, requires(SCOPE)], erasure_id: ErasureId, database: DatabaseDep
) -> Response:
    """Read how far an erasure is, and what each service has erased."""
    erasure = await database.read(find_erasure, caller.tenant_id, erasure_id)
    if erasure is None:
        raise NotFoundError("there is no such erasure")
    return json_answer(_response(erasure).model_dump_json().encode())


@router.get(
    "/v1/erasures/{erasure_id}/receipt",
    response_model=ReceiptResponse,
    operation_id="read_receipt",
    openapi_extra=examples(*READ_RECEIPT),
    summary="Read the receipt of an erasure",
    responses={409: {"description": "The erasure is not complete, so nothing is signed yet."}},
)
async def receipt(
    caller: Annotated[Caller, requires(SCOPE)], erasure_id: ErasureId, database: DatabaseDep
) -> Response:
    """Read the signed receipt of a complete erasure."""
    erasure = await database.read(find_erasure, caller.tenant_id, erasure_id)
    if erasure is None:
        raise NotFoundError("there is no such erasure")
    if erasure.receipt is None:
        raise ConflictError("the erasure is not complete yet; read its state and try again later")
    return json_answer(erasure.receipt.encode())


@router.get(
    "/v1/receipt-keys",
    response_model=ReceiptKeysResponse,
    operation_id="list_receipt_keys",
    openapi_extra=examples(*RECEIPT_KEYS),
    summary="List the public keys of receipts",
)
async def receipt_keys(
    caller: Annotated[Caller, requires(SCOPE)],  # noqa: ARG001 - only who may ask
    state: PrivacyStateDep,
) -> ReceiptKeysResponse:
    """List the public keys by which receipts are verified."""
    return ReceiptKeysResponse(keys=state.signer.jwks["keys"])


def _requested(result: ErasureRequested, *, dry_run: bool) -> ErasureResponse:
    if dry_run and not result.repeated:
        return _response(result.erasure).model_copy(update={"erasure_id": None, "state": "planned"})
    return _response(result.erasure)


def _response(erasure: Erasure) -> ErasureResponse:
    return ErasureResponse(
        erasure_id=erasure.erasure_id,
        state=erasure.state.value,
        customer_ids=list(erasure.customer_ids),
        reason=erasure.reason,
        actor=erasure.actor,
        denied_identifiers=erasure.denied_keys,
        erased=dict(erasure.counts),
        services=[
            ServiceReport(
                service=report.service,
                completed_at=report.completed_at,
                erased=dict(report.counts),
                kafka_records_expire_at=report.records_expire_at,
            )
            for report in erasure.reports
        ],
        requested_at=erasure.requested_at,
        completed_at=erasure.completed_at,
    )
