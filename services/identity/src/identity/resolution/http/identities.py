"""Who is this? One question, or up to a thousand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from common.errors import ServiceError
from common.web import Caller, ClockDep, WriterDep, requires
from common.web.requests import Batch, batch_body, json_body
from identity.customers.domain.identifiers import Identifier, Level, Presented
from identity.customers.http.schemas import ResolveBatchResponse, ResolveRequest, ResolveResponse
from identity.resolution.domain.questions import Question
from identity.resolution.domain.resolution import Answer
from identity.resolution.http.state import ResolutionState, ResolutionStateDep
from identity.resolution.usecases.resolve_identities import ResolveIdentities, resolve_identities

router = APIRouter(tags=["identities"])


@router.post("/v1/identities/resolve", response_model=ResolveResponse)
async def resolve(
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[ResolveRequest, json_body(ResolveRequest)],
    state: ResolutionStateDep,
    clock: ClockDep,
    write: WriterDep,
) -> Response:
    """Find the customer behind some identifiers, or make one."""
    command = _command(caller, [body], state, clock.now())
    return await write(resolve_identities, command, answer=lambda answers: (200, _only(answers)))


@router.post("/v1/identities/resolve/batch", response_model=ResolveBatchResponse)
async def resolve_batch(
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[Batch[ResolveRequest], batch_body(ResolveRequest, max_items=1000)],
    state: ResolutionStateDep,
    clock: ClockDep,
    write: WriterDep,
) -> Response:
    """Answer many questions in their order; a bad one spoils only itself."""
    command = _command(caller, (item for _, item in body.accepted()), state, clock.now())
    return await write(
        resolve_identities,
        command,
        answer=lambda answers: (200, {"items": body.merge([_body(one) for one in answers])}),
    )


def _command(
    caller: Caller, items: Iterable[ResolveRequest], state: ResolutionState, now: datetime
) -> ResolveIdentities:
    return ResolveIdentities(
        tenant_id=caller.tenant_id,
        questions=tuple(_question(item, state, now) for item in items),
        rules=state.rules,
    )


def _question(item: ResolveRequest, state: ResolutionState, now: datetime) -> Question:
    return Question(
        identifiers=tuple(
            Presented(one.type, one.value, one.scope, Level.parse(one.level or "claimed"))
            for one in item.identifiers
        ),
        attributes=item.attributes,
        create=item.create,
        observed_at=item.observed_at or now,
        source=item.source,
        region=item.default_region or state.default_region,
    )


def _only(answers: Sequence[Answer]) -> dict[str, Any]:
    body = _body(answers[0])
    if isinstance(body, ServiceError):
        raise body
    return body


def _body(resolution: Answer) -> dict[str, Any] | ServiceError:
    """Return the members of ``ResolveResponse``; plain, because there may be a thousand."""
    if isinstance(resolution, ServiceError):
        return resolution
    return {
        "customer_id": resolution.customer_id,
        "created": resolution.created,
        "linked": [_linked(identifier) for identifier in resolution.linked],
        "merged": resolution.merged,
        "dropped": [
            {"identifier": _presented(one.presented), "reason": one.reason.value}
            for one in resolution.dropped
        ],
        "version": resolution.version,
    }


def _linked(identifier: Identifier) -> dict[str, Any]:
    key = identifier.key
    presented = Presented(key.type, key.value, key.scope or None, identifier.level)
    return {**_presented(presented), "raw": identifier.raw}


def _presented(presented: Presented) -> dict[str, Any]:
    return {
        "type": presented.type,
        "value": presented.value,
        "scope": presented.scope,
        "level": presented.level.label,
    }
