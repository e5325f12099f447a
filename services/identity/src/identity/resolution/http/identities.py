"""``POST /v1/identities/resolve``: find the customer behind identifiers, singly or in batches."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from common.errors import ServiceError
from common.web import Caller, ClockDep, WriterDep, examples, requires, tag
from common.web.requests import Batch, batch_body, json_body
from identity.customers.domain.identifiers import (
    DroppedIdentifier,
    Identifier,
    Level,
    PresentedIdentifier,
)
from identity.registry.domain.tenant_rules import TenantRules
from identity.resolution.domain.answers import ResolutionResult
from identity.resolution.domain.requests import ResolutionRequest
from identity.resolution.http.examples import RESOLVE, RESOLVE_BATCH
from identity.resolution.http.schemas import (
    WITHHELD,
    ResolveBatchResponse,
    ResolveRequest,
    ResolveResponse,
)
from identity.resolution.http.state import ResolutionState, ResolutionStateDep
from identity.resolution.usecases.resolve_identities import (
    ResolveIdentities,
    prepare_requests,
    resolve_identities,
)

MAX_BATCH_ITEMS = 1_000

router = APIRouter(
    tags=[tag("identities", "From identifiers, such as telephone numbers, to customers.")]
)


@router.post(
    "/v1/identities/resolve",
    response_model=ResolveResponse,
    operation_id="resolve_identifiers",
    openapi_extra=examples(*RESOLVE),
    summary="Resolve identifiers to their customer",
)
async def resolve(
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[ResolveRequest, json_body(ResolveRequest)],
    state: ResolutionStateDep,
    *,
    clock: ClockDep,
    write: WriterDep,
) -> Response:
    """Find the customer behind some identifiers, or create it."""
    command = await _command(caller, [body], state, now=clock.now())
    return await write(resolve_identities, command, answer=lambda results: (200, _single(results)))


@router.post(
    "/v1/identities/resolve/batch",
    response_model=ResolveBatchResponse,
    operation_id="resolve_identifiers_batch",
    openapi_extra=examples(*RESOLVE_BATCH),
    summary=f"Resolve a batch of up to {MAX_BATCH_ITEMS:,} requests",
)
async def resolve_batch(
    caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[Batch[ResolveRequest], batch_body(ResolveRequest, max_items=MAX_BATCH_ITEMS)],
    state: ResolutionStateDep,
    *,
    clock: ClockDep,
    write: WriterDep,
) -> Response:
    """Resolve many requests in order; an invalid one gets a problem, the others succeed."""
    items = [item for _, item in body.accepted()]
    command = await _command(caller, items, state, now=clock.now())
    return await write(
        resolve_identities,
        command,
        answer=lambda results: (
            200,
            {"items": body.merge([_body_or_error(result) for result in results])},
        ),
    )


async def _command(
    caller: Caller, items: Iterable[ResolveRequest], state: ResolutionState, *, now: datetime
) -> ResolveIdentities:
    rules = await state.rules.get(caller.tenant_id)
    requests = (_request(caller, item, state, rules, now) for item in items)
    prepared = await prepare_requests(requests, now=now)
    return ResolveIdentities(caller.tenant_id, prepared, rules, state.deny_keys)


def _request(
    caller: Caller,
    item: ResolveRequest,
    state: ResolutionState,
    rules: TenantRules,
    now: datetime,
) -> ResolutionRequest:
    return ResolutionRequest(
        identifiers=tuple(
            PresentedIdentifier(
                identifier.type,
                identifier.value,
                identifier.scope,
                Level.parse(identifier.level or "claimed"),
                is_level_given=identifier.level is not None,
            )
            for identifier in item.identifiers
        ),
        attributes=item.attributes,
        create=item.create,
        observed_at=item.observed_at or now,
        source=item.source,
        region=item.default_region or state.default_region,
        is_dated=item.observed_at is not None and item.may_sign_up,
        priority=state.priorities.of(caller.tenant_id, item.source),
        rules=rules,
    )


def _single(results: Sequence[ResolutionResult]) -> dict[str, Any]:
    body = _body_or_error(results[0])
    if isinstance(body, ServiceError):
        raise body
    return body


def _body_or_error(result: ResolutionResult) -> dict[str, Any] | ServiceError:
    """Return the members of ``ResolveResponse``: plain dicts, since a batch may hold thousands."""
    if isinstance(result, ServiceError):
        return result
    return {
        "customer_id": result.customer_id,
        "reason": result.reason,
        "created": result.created,
        "linked": [_linked(identifier) for identifier in result.linked],
        "claimed": [_linked(identifier) for identifier in result.claimed],
        "moved": [
            {
                "identifier": _linked(moved.identifier),
                "from_customer_id": moved.from_id,
                "to_customer_id": moved.to_id,
            }
            for moved in result.moved
        ],
        "merged": result.merged,
        "split": result.split,
        "dropped": [
            {"identifier": _dropped(dropped), "reason": dropped.reason.value}
            for dropped in result.dropped
        ],
        "quarantined": [
            {"type": key.type, "value": key.value, "scope": key.scope or None}
            for key in result.quarantined
        ],
        "conflicts": result.conflicts,
        "version": result.version,
    }


def _linked(identifier: Identifier) -> dict[str, Any]:
    key = identifier.key
    presented = PresentedIdentifier(key.type, key.value, key.scope or None, identifier.level)
    return {**_presented(presented), "raw": identifier.raw}


def _dropped(dropped: DroppedIdentifier) -> dict[str, Any]:
    """Return the identifier as it was written, or without its value if that is private."""
    shown = _presented(dropped.presented)
    return {**shown, "value": WITHHELD} if dropped.reason.is_private else shown


def _presented(presented: PresentedIdentifier) -> dict[str, Any]:
    return {
        "type": presented.type,
        "value": presented.value,
        "scope": presented.scope,
        "level": presented.level.label,
    }
