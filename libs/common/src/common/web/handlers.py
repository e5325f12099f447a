"""Turns the exceptions of routers into problems."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.convertors import UUIDConvertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from common.errors import FieldError, ServiceError
from common.jsons import parameter_error, pointer_to, words_of
from common.web.auth import exchange_of
from common.web.problems import HttpError, Problem, of_service_error, of_status

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_NO_SUCH_PATH = "there is no such path; the document of the API lists them all"


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
    detail = "the request was refused"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
        detail = f"this path does not take the method; it takes {headers['Allow']}"
    elif error.status_code == HTTPStatus.NOT_FOUND:
        if (name := _malformed_id(request)) is not None:
            wrong = FieldError(pointer_to(("path", name)), *words_of("uuid_parsing", {}))
            return respond(request, _no_such(wrong))
        detail = _NO_SUCH_PATH
    return respond(request, of_status(error.status_code, detail, headers))


async def on_invalid_parameters(request: Request, error: RequestValidationError) -> Response:
    """Answer 404 for an invalid id in the path, 422 for all other parameters."""
    found = error.errors()
    in_path = [details for details in found if details["loc"][:1] == ("path",)]
    if in_path:
        return respond(request, _no_such(parameter_error(in_path[0])))
    problem = Problem(
        status=422,
        detail="a parameter is invalid",
        type="urn:threadline:problem:invalid",
        errors=tuple(parameter_error(details) for details in found),
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


def _no_such(error: FieldError) -> Problem:
    """Return the problem for an id in the path that no resource can have."""
    name = error.pointer.rpartition("/")[2]
    what = name.removesuffix("_id").replace("_", " ")
    detail = f"there is no such {what}: {name} {error.detail}"
    return replace(of_status(404, detail), errors=(error,))


def _malformed_id(request: Request) -> str | None:
    """Return the path parameter that keeps the path from matching a route, if one alone does."""
    steps = request.scope["path"].split("/")
    for route in request.app.routes:
        template = getattr(route, "path_format", "").split("/")
        if len(template) != len(steps):
            continue
        pairs = zip(template, steps, strict=True)
        names = [ours[1:-1] for ours, theirs in pairs if ours != theirs]
        uuids = getattr(route, "param_convertors", {})
        if len(names) == 1 and isinstance(uuids.get(names[0]), UUIDConvertor):
            return str(names[0])
    return None


def _methods(request: Request) -> list[str]:
    """Return all methods that routes accept at this path."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found)
