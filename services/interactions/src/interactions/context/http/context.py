"""``GET /v1/context/{customer_id}`` and ``POST /v1/context/lookup``: the whole customer at once."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints, WithJsonSchema
from starlette.responses import Response

from common.errors import (
    ErrorCode,
    FieldError,
    InvalidError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)
from common.jsons import describe_pattern
from common.web import Caller, IfNoneMatchDep, examples, part_of, requires
from common.web.requests import Name, RequestModel, SplitAtCommas, json_body
from common.web.responses import Masker, json_answer
from identifiers import UnusableReason
from interactions.context.domain.selection import choose_parts
from interactions.context.events.consumed import CLOCKS_CONSUMER, CUSTOMERS_CONSUMER
from interactions.context.http.body import context_body, part_statuses
from interactions.context.http.examples import LOOK_UP, READ_CONTEXT
from interactions.context.http.schemas import CONTEXT, ContextResponse, CustomerId
from interactions.context.http.state import ContextState
from interactions.context.parts import PART_NAMES, PARTS
from interactions.context.store.context import ContextQuery, ContextRow, LookupKey, find_context
from interactions.history import Identifier, Level, fields

router = APIRouter(tags=[CONTEXT])

_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}

PATIENCE_SECONDS = 1.0
"""A front end that asks who is calling gains nothing from an answer long after its deadline."""
ContextCaller = Annotated[
    Caller, requires("context:read", bound=True, patience_seconds=PATIENCE_SECONDS)
]


_PARTS = {"type": "array", "items": {"enum": list(PART_NAMES)}, "minItems": 1}
_PART = "|".join(PART_NAMES)
_CHOICE = f"Each is {fields.either(PART_NAMES)}; all parts are returned if it is absent."
IncludeParameter = Annotated[
    list[Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^({_PART})(,({_PART}))*$"})]]
    | None,
    SplitAtCommas,
    Query(description=f"Names of the parts to return, comma separated. {_CHOICE}"),
]


_REGION = describe_pattern(
    r"^[A-Za-z]{2}\z", "must be the two letters of a country in ISO 3166, such as SE"
)


class LookupIdentifier(RequestModel):
    """The identifier to look up."""

    type: Name = Field(description="Type of identifier, such as `email` or `phone`.")
    value: Name = Field(description="The identifier itself, in any spelling.")
    scope: Annotated[Name | None, fields.SCOPE] = None
    level: Level | None = Field(
        default=None,
        description="`claimed`, `channel_proved`, `verified` or null, so that an identifier can be"
        " sent as a context shows it. The customer is the same whatever the level.",
    )
    default_region: Annotated[
        Annotated[str, StringConstraints(pattern=_REGION)] | None, fields.DEFAULT_REGION
    ] = None

    def read(self, default_region: str | None) -> Identifier:
        """Return the identifier; ``default_region`` is for numbers that name no region here."""
        region = self.default_region or default_region
        return Identifier(self.type, self.value, self.scope, region=region)


class LookupRequest(RequestModel):
    """Which customer, and which parts of the context."""

    identifier: LookupIdentifier = Field(description="An identifier of the customer.")
    include: Annotated[list[str], WithJsonSchema(_PARTS)] | None = Field(
        default=None, description=f"Names of the parts to return. {_CHOICE}"
    )


@router.get(
    "/v1/context/{customer_id:uuid}",
    operation_id="read_context",
    openapi_extra=examples(*READ_CONTEXT),
    summary="Read a customer's context",
    response_model=ContextResponse,
)
async def get_context(
    request: Request,
    customer_id: CustomerId,
    caller: ContextCaller,
    if_none_match: IfNoneMatchDep,
    *,
    include: IncludeParameter = None,
) -> Response:
    """Return every wanted part; each says how far it can be trusted."""
    parts = choose_parts(include, available=PART_NAMES, pointer="/query/include")
    state = part_of(request, ContextState)
    row = await _read(state, caller, customer_id, parts)
    if row is None or not row.known:
        raise _no_such_customer()
    body, etag = _body(state, caller, row, parts)
    unchanged = if_none_match.not_modified(etag)
    if unchanged is not None:
        unchanged.headers.update(_HEADERS)
    return unchanged or json_answer(body, headers=_HEADERS, etag=etag)


@router.post(
    "/v1/context/lookup",
    openapi_extra=examples(*LOOK_UP),
    summary="Look up a customer's context by an identifier",
    response_model=ContextResponse,
    responses={404: {"description": "No customer of the tenant has this identifier."}},
)
async def lookup_context(
    request: Request,
    caller: ContextCaller,
    body: Annotated[LookupRequest, json_body(LookupRequest)],
) -> Response:
    """Return the context of the customer with this identifier.

    Identity is asked only about identifiers that this service does not know. While identity is
    down, such an identifier answers 503 and not 404: a front end that took "unknown" for the truth
    would create a second customer.
    """
    parts = choose_parts(body.include, available=PART_NAMES, pointer="/include")
    state = part_of(request, ContextState)
    identifier = body.identifier.read(state.default_region)
    if not identifier.may_be_known:
        raise _unusable(identifier)
    row = None
    if identifier.key is not None:
        row = await _read(state, caller, LookupKey(*identifier.key), parts)
    if row is None:
        customer_id = await _ask_identity(state, caller, identifier)
        row = await _read(state, caller, customer_id, parts)
    if row is None:
        raise _no_such_customer()
    answer, etag = _body(state, caller, row, parts)
    return json_answer(answer, headers=_HEADERS, etag=etag)


async def _read(
    state: ContextState, caller: Caller, target: UUID | LookupKey, parts: tuple[str, ...]
) -> ContextRow | None:
    """Read all parts within the deadline, or at least the cheap ones soon after it."""
    query = ContextQuery(
        tenant_id=caller.tenant_id,
        target=target,
        parts=parts,
        bound_to=caller.bound_to,
    )
    names = {"customers": CUSTOMERS_CONSUMER, "clocks": CLOCKS_CONSUMER}
    deadline = state.settings.deadline_seconds
    try:
        return await find_context(state.database, query, deadline_seconds=deadline, **names)
    except UnavailableError:
        cheap = replace(query, parts=tuple(name for name in parts if PARTS[name].cheap))
        if cheap.parts == parts:
            raise
        return await find_context(state.database, cheap, deadline_seconds=deadline / 2, **names)


async def _ask_identity(state: ContextState, caller: Caller, identifier: Identifier) -> UUID:
    """Return the customer that identity has under an identifier.

    Raises NotFoundError when it has none, UnavailableError when identity does not answer.
    """
    if caller.bound_to is not None:
        raise _no_such_customer()  # a token bound to one customer cannot probe for others
    customer_id = await state.identity.find_customer(
        caller.tenant_id,
        identifier,
        deadline_seconds=state.settings.identity_deadline_seconds,
    )
    if customer_id is None:
        raise _no_such_customer()
    return customer_id


def _body(
    state: ContextState, caller: Caller, row: ContextRow, parts: tuple[str, ...]
) -> tuple[bytes, str]:
    """Return the body and its tag. Raises NotFoundError for a caller that may not read it."""
    caller.check_reach(row.customer_id, *row.member_ids, what="customer")
    stale = state.settings.stale_after_seconds
    statuses = part_statuses(row, parts, stale_after_seconds=stale)
    return context_body(row, statuses, Masker(caller.sees_pii))


def _no_such_customer() -> NotFoundError:
    return NotFoundError("there is no such customer")


def _unusable(identifier: Identifier) -> ServiceError:
    """Return the problem of an identifier that leads to nobody."""
    if identifier.unusable is not UnusableReason.SCOPE_MISSING:
        return _no_such_customer()
    detail = "is required: values of this type are unique within a source, page or workspace only"
    return InvalidError(
        "this type of identifier needs a scope",
        errors=[FieldError("/identifier/scope", ErrorCode.MISSING, detail)],
    )
