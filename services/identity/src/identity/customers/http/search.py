"""``POST /v1/customers/search``: customers by name or identifier, which a URL must not contain."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from common.db import Database
from common.errors import ErrorCode, FieldError, ForbiddenError, InvalidError
from common.jsons import describe_pattern
from common.web import Caller, CursorsDep, DatabaseDep, examples, requires
from common.web.requests import RequestModel, ShortText, charge, json_body
from common.web.responses import Masker, Part, json_answer
from identifiers import Rules, Unusable, UnusableReason, normalise
from identity.customers.domain.search_terms import MAX_NAME_LENGTH, fold_name
from identity.customers.http.customers import TAG
from identity.customers.http.examples import SEARCH_CUSTOMERS
from identity.customers.http.masks import listed_customer
from identity.customers.http.requested import IdentifierType, IdentifierValue, Region
from identity.customers.http.schemas import CustomerList
from identity.customers.http.state import CustomersStateDep
from identity.customers.shown import SCOPE, TYPE, ShownLevel
from identity.customers.store.customer_views import (
    MAX_CANDIDATES,
    PlacedView,
    list_by_key,
    list_by_prefix,
    list_similar,
)

DEADLINE_SECONDS = 2.0
SEARCH_COST = 5
"""A search for names counts as so many requests."""
MIN_LETTERS = 2
_CRITERIA = ("name", "name_prefix", "identifier")
_FIXABLE = {
    UnusableReason.SCOPE_MISSING: (
        "/identifier/scope",
        "is required: values of this type are unique within a source, page or workspace only",
    ),
    UnusableReason.REGION_MISSING: (
        "/identifier/default_region",
        "is required for a telephone number without a country code",
    ),
}

router = APIRouter(tags=[TAG])

Cursor = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            r"^[A-Za-z0-9_-]{1,1024}\z", "must be the next of a page of this search"
        )
    ),
]
SearchedName = Annotated[ShortText, StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH)]


class SearchedIdentifier(RequestModel):
    """An identifier in any spelling, also as a customer shows it."""

    type: IdentifierType = Field(description=TYPE)
    value: IdentifierValue = Field(description="The identifier in any spelling.")
    scope: ShortText | None = Field(default=None, description=SCOPE)
    level: ShownLevel | None = Field(
        default=None, description="Ignored: the customer is the same whatever the level."
    )
    default_region: Region | None = Field(
        default=None,
        description="The ISO 3166 code of the country of telephone numbers without a country code,"
        " such as ``SE``; absent or null means the service's default, if it has one.",
    )


class SearchRequest(RequestModel):
    """Exactly one of ``name``, ``name_prefix`` and ``identifier``.

    Case, accents and punctuation make no difference to names, which need at least two letters
    or digits.
    """

    name: SearchedName | None = Field(
        default=None,
        description="Finds names that contain something similar, in any order of their words, the"
        f" most similar first; ranks up to {MAX_CANDIDATES:,} customers. Requires ``pii:read``.",
    )
    name_prefix: SearchedName | None = Field(
        default=None,
        description="Finds names that begin with this, in the order of the names. Requires"
        " ``pii:read``.",
    )
    identifier: SearchedIdentifier | None = Field(
        default=None, description="Finds the customer with this identifier."
    )
    limit: int = Field(default=50, ge=1, le=200, description="Customers in a page.")
    cursor: Cursor | None = Field(
        default=None,
        description="The ``next`` of the page before, of the same search; absent for the first"
        " page.",
    )

    def check(self) -> None:
        """Raises InvalidError unless exactly one criterion is there."""
        present = [name for name in _CRITERIA if getattr(self, name) is not None]
        if len(present) != 1:
            raise InvalidError(
                "a search needs exactly one of name, name_prefix and identifier",
                errors=[
                    FieldError(
                        f"/{name}", ErrorCode.INVALID_COMBINATION, "must be the only criterion"
                    )
                    for name in present
                ],
            )


@router.post(
    "/v1/customers/search",
    response_model=CustomerList,
    summary="Search customers",
    openapi_extra=examples(*SEARCH_CUSTOMERS),
)
async def search_customers(
    request: Request,
    caller: Annotated[Caller, requires("context:read")],
    body: Annotated[SearchRequest, json_body(SearchRequest)],
    database: DatabaseDep,
    *,
    cursors: CursorsDep,
    state: CustomersStateDep,
) -> Response:
    """Find customers by name, by the beginning of a name, or by an identifier."""
    body.check()
    if body.identifier is not None:
        rows = await _by_identifier(database, caller, body.identifier, state.default_region)
        return _answer(caller, rows, None)
    if not caller.sees_pii:
        raise ForbiddenError("a search for names requires the scope pii:read")
    charge(request, SEARCH_COST - 1)
    field = "name" if body.name is not None else "name_prefix"
    folded = _folded(body.name or body.name_prefix or "", field)
    filters = {field: folded}
    rows = await database.read(
        list_similar if field == "name" else list_by_prefix,
        caller.tenant_id,
        folded,
        after=cursors.read(body.cursor, filters),
        limit=body.limit + 1,
        deadline_seconds=DEADLINE_SECONDS,
    )
    page, following = cursors.page(rows, body.limit, position=_position, filters=filters)
    return _answer(caller, page, following)


async def _by_identifier(
    database: Database, caller: Caller, searched: SearchedIdentifier, default_region: str | None
) -> Sequence[PlacedView]:
    """Return the customer, or nobody for an identifier that is nobody's.

    Raises InvalidError when the identifier has no meaning without a scope or a region.
    """
    rules = Rules(region=searched.default_region or default_region)
    outcome = normalise(searched.type, searched.value, searched.scope, rules)
    if not isinstance(outcome, Unusable):
        return await database.read(
            list_by_key, caller.tenant_id, outcome.key, deadline_seconds=DEADLINE_SECONDS
        )
    if outcome.reason in _FIXABLE:
        pointer, detail = _FIXABLE[outcome.reason]
        raise InvalidError(
            "the identifier is incomplete", errors=[FieldError(pointer, ErrorCode.MISSING, detail)]
        )
    return ()


def _folded(name: str, field: str) -> str:
    folded = fold_name(name)
    if len(folded) < MIN_LETTERS:
        detail = f"must contain at least {MIN_LETTERS} letters or digits"
        raise InvalidError(
            "the name is too short to search for",
            errors=[FieldError(f"/{field}", ErrorCode.TOO_SHORT, detail)],
        )
    return folded


def _answer(caller: Caller, rows: Sequence[PlacedView], following: str | None) -> Response:
    masker = Masker(caller.sees_pii)
    items = [listed_customer(masker, row.view) for row in rows]
    return json_answer(CustomerList(items=items, next=following))


def _position(row: PlacedView) -> tuple[Part, ...]:
    return row.place, row.view.customer_id
