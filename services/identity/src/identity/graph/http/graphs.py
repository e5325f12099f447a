"""What connects a customer's identifiers: the whole graph, and the path between two of them."""

import asyncio
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.errors import ErrorCode, FieldError, InvalidError
from common.web import Caller, DatabaseDep, IfNoneMatchDep, examples, requires, tag
from common.web.requests import json_body
from common.web.responses import Masker, json_answer, strong_etag
from identifiers import IdentifierKey, Rules, Unusable, normalise
from identity.customers.http.masks import masked_identifiers
from identity.customers.http.schemas import HeldIdentifier
from identity.graph.domain.cuts import smallest_cut
from identity.graph.domain.links import CustomerGraph
from identity.graph.domain.paths import strongest_path
from identity.graph.http.examples import EXPLAIN, READ_GRAPH
from identity.graph.http.schemas import (
    ExplainedIdentifier,
    ExplanationRequest,
    ExplanationResponse,
    GraphResponse,
    LinkResponse,
)
from identity.graph.http.state import GraphStateDep
from identity.graph.store.graphs import get_graph
from identity.resolution.domain.graph.evidence import Link

DEADLINE_SECONDS = 2.0

router = APIRouter(tags=[tag("graph", "Why identifiers are one customer's.")])

CustomerIdParameter = Annotated[
    UUID, Path(description="Any id ever issued for the customer, also an absorbed one.")
]


@router.get(
    "/v1/customers/{customer_id:uuid}/graph",
    response_model=GraphResponse,
    operation_id="read_customer_graph",
    summary="Read what connects a customer's identifiers",
    openapi_extra=examples(*READ_GRAPH),
)
async def read_graph(
    customer_id: CustomerIdParameter,
    caller: Annotated[Caller, requires("context:read")],
    database: DatabaseDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Read a customer's identifiers and the links between them."""
    graph = await database.read(
        get_graph, caller.tenant_id, customer_id, deadline_seconds=DEADLINE_SECONDS
    )
    body = GraphResponse(
        customer_id=graph.customer_id,
        requested_id=customer_id,
        identifiers=_identifiers(graph, caller),
        links=_links(graph, graph.links),
    )
    content = body.model_dump_json().encode()
    etag = strong_etag(content)
    return if_none_match.not_modified(etag) or json_answer(content, etag=etag)


@router.post(
    "/v1/customers/{customer_id:uuid}/explanation",
    response_model=ExplanationResponse,
    operation_id="explain_customer",
    summary="Explain why two identifiers are one customer's",
    openapi_extra=examples(*EXPLAIN),
)
async def explain(
    customer_id: CustomerIdParameter,
    caller: Annotated[Caller, requires("context:read")],
    body: Annotated[ExplanationRequest, json_body(ExplanationRequest)],
    state: GraphStateDep,
    database: DatabaseDep,
) -> Response:
    """Explain which links connect two identifiers, and which would have to go to separate them."""
    rules = Rules(region=body.default_region or state.default_region)
    graph = await database.read(
        get_graph, caller.tenant_id, customer_id, deadline_seconds=DEADLINE_SECONDS
    )
    one = _own_key(graph, body.identifier, rules, "/identifier")
    other = _own_key(graph, body.other, rules, "/other")
    if one == other:
        problem = FieldError("/other", ErrorCode.INVALID_COMBINATION, "must be another identifier")
        raise InvalidError("both are the same identifier", errors=[problem])
    # A customer may have thousands of links; only this request should wait for the search.
    path, cut = await asyncio.to_thread(_search, graph, one, other)
    return json_answer(
        ExplanationResponse(
            customer_id=graph.customer_id,
            identifiers=_identifiers(graph, caller),
            path=None if path is None else _links(graph, path),
            cut=_links(graph, cut),
        )
    )


def _search(
    graph: CustomerGraph, one: IdentifierKey, other: IdentifierKey
) -> tuple[tuple[Link, ...] | None, tuple[Link, ...]]:
    return strongest_path(graph.links, one, other), smallest_cut(graph.links, one, other)


def _own_key(
    graph: CustomerGraph, presented: ExplainedIdentifier, rules: Rules, pointer: str
) -> IdentifierKey:
    outcome = normalise(presented.type, presented.value, presented.scope, rules)
    own = {identifier.key for identifier in graph.identifiers}
    if isinstance(outcome, Unusable) or outcome.key not in own:
        text = "must be an identifier of the customer"
        raise InvalidError(
            "the customer has no such identifier",
            errors=[FieldError(pointer, ErrorCode.NOT_FOUND, text)],
        )
    return outcome.key


def _identifiers(graph: CustomerGraph, caller: Caller) -> list[HeldIdentifier]:
    return masked_identifiers(
        Masker(caller.sees_pii),
        (
            {
                "type": identifier.key.type,
                "value": identifier.key.value,
                "raw": identifier.raw,
                "scope": identifier.key.scope or None,
                "level": identifier.level.label,
                "source": identifier.source,
                "first_seen_at": identifier.first_seen_at,
            }
            for identifier in graph.identifiers
        ),
    )


def _links(graph: CustomerGraph, links: Iterable[Link]) -> list[LinkResponse]:
    places = {identifier.key: place for place, identifier in enumerate(graph.identifiers)}
    return [
        LinkResponse.model_validate(
            {
                "ends": [places[link.id.low], places[link.id.high]],
                "rule": link.id.rule.value,
                "level": link.level.label,
                "first_seen_at": link.first_seen_at,
                "last_seen_at": link.last_seen_at,
                "source": link.source,
            }
        )
        for link in links
    ]
