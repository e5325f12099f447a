"""What an operation takes and answers, as its dependencies say: one table for every route.

A dependency that can refuse a request, read a header or add one to the answer has its line here, so
a new route documents all of this by itself.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from common.web.deps import get_cursors
from common.web.openapi import headers
from common.web.openapi.answers import NOT_MODIFIED, REFUSALS, own_refusal, refusal_reference
from common.web.requests import (
    BatchBody,
    JsonBody,
    SignedBody,
    declared_parameters,
    get_consistency,
)
from common.web.requirements import Public, Requirement
from common.web.responses import get_if_match, get_if_none_match, get_last_event_id
from common.web.writes import get_writer

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a dependency adds to its operation."""

    statuses: tuple[int, ...] = ()
    parameter: Json | None = None
    headers: tuple[str, ...] = ()
    """Headers of the answers that succeed, and of 304."""


_EVERY_ROUTE = Effect((400, 414, 431, 500, 503), headers=("RequestId",))
_CHECKED_QUERY = Effect((422,))
_PATH_PARAMETERS = Effect((404,))
_CALLER = Effect((401, 403, 429), headers=("RateLimit", "RateLimitPolicy"))
_BODY = Effect((400, 408, 413, 415, 422))
_OF_KIND: dict[type, Effect] = {
    Requirement: _CALLER,
    JsonBody: _BODY,
    BatchBody: _BODY,
    SignedBody: Effect((400, 401, 408, 413, 415, 429)),
}
_OF_CALL: dict[Any, Effect] = {
    get_cursors: Effect((400,)),
    get_writer: Effect((409, 410, 422), headers.IDEMPOTENCY_KEY, ("IdempotentReplayed",)),
    get_if_match: Effect((412,), headers.IF_MATCH, ("ETag",)),
    get_if_none_match: Effect((304,), headers.IF_NONE_MATCH, ("ETag",)),
    get_last_event_id: Effect((400,), headers.LAST_EVENT_ID),
    get_consistency: Effect((400,), headers.CONSISTENCY),
}


def calls(dependant: Dependant) -> Iterator[Any]:
    """Yield every dependency of a route, those of dependencies too."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls(inner)


def complete(operation: Json, route: APIRoute) -> None:
    """Add what follows from the route's dependencies to the operation that FastAPI described."""
    dependencies = list(calls(route.dependant))
    operation["operationId"] = route.operation_id or route.name
    for call in dependencies:
        _declare_access(operation, call)
    effects = list(_effects(route, dependencies))
    parameters = [deepcopy(effect.parameter) for effect in effects if effect.parameter is not None]
    if parameters:
        operation.setdefault("parameters", []).extend(parameters)
    _complete_responses(operation, effects)


def _declare_access(operation: Json, call: Any) -> None:
    if isinstance(call, Requirement):
        operation["security"] = [{"bearer": []}]
        operation["x-required-scope"] = call.scope
        _add_sentence(operation, f"Requires the scope `{call.scope}`.")
    elif isinstance(call, Public):
        operation["security"] = []
        operation["x-public-reason"] = call.reason
        _add_sentence(operation, f"Public: {call.reason}.")


def _add_sentence(operation: Json, sentence: str) -> None:
    described = operation.get("description")
    operation["description"] = f"{described}\n\n{sentence}" if described else sentence


def _effects(route: APIRoute, dependencies: Iterable[Any]) -> Iterator[Effect]:
    yield _EVERY_ROUTE
    if declared_parameters(route) is not None:
        yield _CHECKED_QUERY
    if route.dependant.path_params:
        yield _PATH_PARAMETERS
    for call in dependencies:
        effect = _OF_CALL.get(call) or _OF_KIND.get(type(call))
        if effect is not None:
            yield effect


def _complete_responses(operation: Json, effects: list[Effect]) -> None:
    described: Json = operation["responses"]
    statuses = {status for effect in effects for status in effect.statuses}
    shown = headers.shown_headers(*dict.fromkeys(n for effect in effects for n in effect.headers))
    if 304 in statuses:  # noqa: PLR2004 - not modified
        described["304"] = {"description": NOT_MODIFIED}
    for name, response in described.items():
        if name < "4":
            response["headers"] = shown | response.get("headers", {})
        else:
            status = int(name)
            response.update(own_refusal(status, response["description"], also=status in statuses))
    for status in statuses & REFUSALS.keys():
        described.setdefault(str(status), refusal_reference(status))
    operation["responses"] = dict(sorted(described.items()))
