"""Serves a route by a plan: its dependencies are resolved once, not for every request.

FastAPI reads the signatures and writes the documentation. Resolving them for each request takes it
longer than all our checks together. Our dependencies are plain coroutines, so each route can have a
plan: what to call in which order, with which parameters. See ``docs/adr/0035-route-plans.md``.
"""

from collections.abc import Callable, Hashable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from inspect import isclass, iscoroutinefunction
from typing import Any, get_type_hints

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from common.web.auth import exchange_of
from common.web.requests import check_query, declared_parameters, is_list

_MISSING = object()
_OTHER_WISHES = (
    "header_params",
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "http_connection_param_name",
    "background_tasks_param_name",
    "response_param_name",
    "security_scopes_param_name",
)
"""Features of a signature that a plan does not support."""


def endpoint_of(route: APIRoute) -> ASGIApp:
    """Return the application that serves ``route``: a plan, or FastAPI where no plan fits.

    A plan fits routes that answer with a ``Response``, and whose dependencies are coroutines that
    ask for each other, for the request, and for parameters of the path and the query.
    """
    known = declared_parameters(route)
    if _answers_itself(route) and _is_plain(route.dependant):
        return Endpoint(_plan(route.dependant), known)
    return _StrictQuery(AsyncExitStackMiddleware(route.app), known)


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One parameter of the path or the query, and how it is read."""

    name: str
    alias: str
    place: str
    many: bool
    required: bool
    default: Any
    validate: Callable[..., tuple[Any, list[Any]]]

    def read(self, request: Request) -> tuple[Any, list[Any]]:
        """Return the value and its errors, in FastAPI's words."""
        loc = (self.place, self.alias)
        if self.place == "path":
            found = request.path_params.get(self.alias, _MISSING)
        elif self.many:
            found = request.query_params.getlist(self.alias) or _MISSING
        else:
            found = request.query_params.get(self.alias, _MISSING)
        if found is not _MISSING:
            return self.validate(found, {}, loc=loc)
        if self.required:
            return None, [{"type": "missing", "loc": loc, "msg": "Field required", "input": None}]
        return deepcopy(self.default), []


@dataclass(frozen=True, slots=True)
class _Plan:
    """A coroutine and the sources of its arguments; ``name`` is the argument its result becomes."""

    name: str | None
    call: Callable[..., Any]
    key: Hashable
    asks: tuple["_Plan", ...]
    parameters: tuple[_Parameter, ...]
    request: str | None

    async def arguments(
        self, request: Request, solved: dict[Hashable, Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """Return the arguments of ``call``, and the errors of the request's parameters.

        ``solved`` holds the results so far: each dependency is called once per request.
        """
        values: dict[str, Any] = {}
        errors: list[Any] = []
        for plan in self.asks:
            if plan.key not in solved:
                given, wrong = await plan.arguments(request, solved)
                if wrong:
                    errors += wrong
                    continue
                solved[plan.key] = await plan.call(**given)
            if plan.name is not None:
                values[plan.name] = solved[plan.key]
        for parameter in self.parameters:
            values[parameter.name], wrong = parameter.read(request)
            errors += wrong
        if self.request is not None:
            values[self.request] = request
        return values, errors


class Endpoint:
    """Serves one route by its plan; ``known`` are the query parameters that it takes."""

    def __init__(self, plan: _Plan, known: Mapping[str, bool] | None) -> None:
        self._plan = plan
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._known is not None and scope["query_string"]:
            check_query(scope["query_string"], self._known)
        request = Request(scope, receive, send)
        values, errors = await self._plan.arguments(request, {})
        if errors:
            raise RequestValidationError(errors)
        await exchange_of(scope).enter()
        response = await self._plan.call(**values)
        await response(scope, receive, send)


class _StrictQuery:
    """Checks the query before FastAPI serves the route."""

    def __init__(self, app: ASGIApp, known: Mapping[str, bool] | None) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._known is not None and scope["query_string"]:
            check_query(scope["query_string"], self._known)
        exchange_of(scope).enters_early = True
        await self._app(scope, receive, send)


def _answers_itself(route: APIRoute) -> bool:
    answer = get_type_hints(route.endpoint).get("return")
    return isclass(answer) and issubclass(answer, Response)


def _is_plain(dependant: Dependant) -> bool:
    call = dependant.call
    if not (iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)):
        return False
    if any(getattr(dependant, wish, None) for wish in _OTHER_WISHES):
        return False
    if any(_is_model(field) for field in dependant.query_params):
        return False
    return all(one.use_cache and _is_plain(one) for one in dependant.dependencies)


def _is_model(field: Any) -> bool:
    kind = field.field_info.annotation
    return isclass(kind) and issubclass(kind, BaseModel)


def _plan(dependant: Dependant) -> _Plan:
    call = dependant.call
    if call is None:
        raise ValueError("a dependency without a callable")
    places: Mapping[str, Any] = {"path": dependant.path_params, "query": dependant.query_params}
    return _Plan(
        name=dependant.name,
        call=call,
        key=call,
        asks=tuple(_plan(one) for one in dependant.dependencies),
        parameters=tuple(_parameter(f, place) for place, fields in places.items() for f in fields),
        request=dependant.request_param_name,
    )


def _parameter(field: Any, place: str) -> _Parameter:
    return _Parameter(
        name=field.name,
        alias=field.validation_alias or field.alias,
        place=place,
        many=is_list(field.field_info.annotation),
        required=field.field_info.is_required(),
        default=field.default,
        validate=field.validate,
    )
