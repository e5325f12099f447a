"""Interactions as channel front ends report them: one, or up to a thousand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from common.errors import ServiceError
from common.runtime import in_turns
from common.telemetry import current_traceparent
from common.web import (
    Caller,
    ClockDep,
    ConsistencyDep,
    DatabaseDep,
    RejectedItem,
    WriterDep,
    examples,
    part_state,
    requires,
    tag,
)
from common.web.requests import Batch, ResponseModel, batch_body, json_body
from interactions.history.http.examples import RECORD, RECORD_BATCH
from interactions.history.http.state import HistoryState
from interactions.history.inbound_message import InteractionRequest
from interactions.history.shown import fields
from interactions.history.usecases.catch_up import catch_up
from interactions.history.usecases.record_interactions import Recorded, RecordInteractions, Resolved
from interactions.history.usecases.record_received import record_received

router = APIRouter(tags=[tag("interactions", "Recording what happened on a channel.")])


class InteractionResponse(ResponseModel, title="RecordedInteraction"):
    """``customer_id`` is null while the customer is unknown, and of a sender who cannot be known.

    ``sequence`` is the interaction's place in the change feed.
    """

    interaction_id: Annotated[UUID, fields.INTERACTION_ID]
    customer_id: Annotated[UUID | None, fields.CUSTOMER_ID]
    conversation_id: Annotated[UUID, fields.CONVERSATION_ID]
    sequence: Annotated[int, fields.SEQUENCE]
    duplicate: bool = Field(
        description="Whether the same provider message was recorded before; the answer is then"
        " its first record."
    )


class InteractionBatchResponse(ResponseModel, title="RecordedInteractions"):
    """One entry an item, in order: an ``InteractionResponse`` or ``{"problem": ...}``."""

    items: Sequence[InteractionResponse | RejectedItem] = Field(
        description="The outcome of each item, in the order of the request: its record, or the"
        " problem because of which it was not recorded."
    )


StateDep = Annotated[HistoryState, part_state(HistoryState)]


@router.post(
    "/v1/interactions",
    operation_id="record_interaction",
    openapi_extra=examples(*RECORD),
    summary="Record an interaction",
    status_code=201,
    response_model=InteractionResponse,
    responses={
        200: {"model": InteractionResponse, "description": "It was recorded before."},
        202: {
            "model": InteractionResponse,
            "description": "Recorded without a customer: it will be attached once identity answers,"
            " or never, if no identifier of the sender is usable.",
        },
    },
)
async def record(
    caller: Annotated[Caller, requires("interactions:write")],
    body: Annotated[InteractionRequest, json_body(InteractionRequest)],
    *,
    state: StateDep,
    clock: ClockDep,
    database: DatabaseDep,
    seen: ConsistencyDep,
    write: WriterDep,
) -> Response:
    """Record one interaction; a repeated provider message returns its first record."""
    await catch_up(database, caller.tenant_id, seen)
    draft = body.draft(received_at=clock.now(), default_region=state.default_region)
    [result] = await state.resolver.resolve(caller.tenant_id, [draft], deadline=state.deadline)
    resolved = replace(_resolved(result), traceparent=current_traceparent())
    return await write.together(state.recording, resolved, answer=lambda r: (_status(r), _body(r)))


@router.post(
    "/v1/interactions/batch",
    operation_id="record_interactions",
    openapi_extra=examples(*RECORD_BATCH),
    summary="Record up to 1,000 interactions",
    response_model=InteractionBatchResponse,
)
async def record_batch(
    caller: Annotated[Caller, requires("interactions:write")],
    body: Annotated[Batch[InteractionRequest], batch_body(InteractionRequest)],
    *,
    state: StateDep,
    clock: ClockDep,
    database: DatabaseDep,
    seen: ConsistencyDep,
    write: WriterDep,
) -> Response:
    """Record up to 1,000 interactions; an item that fails does not affect the others."""
    await catch_up(database, caller.tenant_id, seen)
    now = clock.now()
    region = state.default_region
    drafts = [
        item.draft(received_at=now, default_region=region)
        async for _, item in in_turns(body.accepted())
    ]
    results = await state.resolver.resolve(caller.tenant_id, drafts, deadline=state.deadline)
    resolved = [result for result in results if isinstance(result, Resolved)]
    command = RecordInteractions(caller.tenant_id, resolved, state.thread_window)
    return await write(
        record_received,
        command,
        answer=lambda recorded: (200, {"items": body.merge(_merged(results, recorded))}),
    )


def _resolved(result: Resolved | ServiceError) -> Resolved:
    if isinstance(result, ServiceError):
        raise result
    return result


def _merged(
    results: Sequence[Resolved | ServiceError], recorded: Sequence[Recorded | ServiceError]
) -> list[Any]:
    """Return one entry for each draft: its error, or its record."""
    records = iter(recorded)
    entries: list[Any] = []
    for result in results:
        entry = result if isinstance(result, ServiceError) else next(records)
        entries.append(entry if isinstance(entry, ServiceError) else _body(entry))
    return entries


def _status(recorded: Recorded) -> int:
    if recorded.duplicate:
        return 200
    return 201 if recorded.customer_id is not None else 202


def _body(recorded: Recorded) -> dict[str, Any]:
    """Return the members of ``InteractionResponse``; plain, because there may be a thousand."""
    return {
        "interaction_id": recorded.interaction_id,
        "customer_id": recorded.customer_id,
        "conversation_id": recorded.conversation_id,
        "sequence": recorded.sequence,
        "duplicate": recorded.duplicate,
    }
