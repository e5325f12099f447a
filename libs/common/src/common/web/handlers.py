"""Turns the exceptions of routers into problems."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from common.errors import FieldError, ServiceError
from common.jsons import pointer_to, sentence
from common.web.auth import exchange_of
from common.web.problems import HttpError, Problem, of_service_error, of_status

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_DETAILS = {404: "not found", 405: "method not allowed"}


def respond(request: Request, problem: Problem) -> Response:
    """Return the answer that carries ``problem``."""
    return problem.response(exchange_of(request).instance)


async def on_service_error(request: Request, error: ServiceError) -> Response:
    return respond(request, of_service_error(error))


async def on_http_error(request: Request, error: HttpError) -> Response:
    return respond(request, error.problem)


async def on_status(request: Request, error: HTTPException) -> Response:
    """Answer requests that the framework refuses: mostly unknown routes and methods."""
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004 - method not allowed
        headers["Allow"] = ", ".join(_methods(request))
    detail = _DETAILS.get(error.status_code, "the request was refused")
    return respond(request, of_status(error.status_code, detail, headers))


async def on_invalid_parameters(request: Request, error: RequestValidationError) -> Response:
    """Answer 404 for an invalid id in the path, 422 for all other parameters."""
    found = error.errors()
    if any(one["loc"][:1] == ("path",) for one in found):
        return respond(request, of_status(404, _DETAILS[404]))
    problem = Problem(
        status=422,
        detail="a parameter is invalid",
        type="urn:threadline:problem:invalid",
        errors=tuple(FieldError(pointer_to(one["loc"]), sentence(one)) for one in found),
    )
    return respond(request, problem)


async def on_disconnect(_request: Request, _error: ClientDisconnect) -> Response:
    """Return a response that nobody reads: the client disconnected while sending."""
    return Response(status_code=400)


HANDLERS: dict[int | type[Exception], Handler] = {
    ServiceError: on_service_error,
    HttpError: on_http_error,
    HTTPException: on_status,
    RequestValidationError: on_invalid_parameters,
    ClientDisconnect: on_disconnect,
}


def _methods(request: Request) -> list[str]:
    """Return all methods that routes accept at this path."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found)
