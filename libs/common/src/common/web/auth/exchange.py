"""The record of one request, kept in its ASGI scope from the edge to the router."""

from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import HTTPConnection
from starlette.types import Scope

from common.errors import UnauthenticatedError
from common.web.auth.callers import Caller

_KEY = "threadline.exchange"
UNMATCHED = "unmatched"


class Place(Protocol):
    """A request's place among those that are answered at once."""

    def take(self) -> None:
        """Take the place, if it is not taken. Raises UnavailableError when none is left."""
        ...

    def leave(self) -> None:
        """Leave the place to others, if it is taken."""
        ...


@dataclass(slots=True)
class Exchange:
    """One request and its answer; layers add to it as the request moves inwards."""

    trace_id: str = ""
    caller: Caller | None = None
    body: bytes = b""
    rate_headers: tuple[tuple[bytes, bytes], ...] = ()
    place: Place | None = None

    @property
    def instance(self) -> str | None:
        """The URN that names this occurrence in problems; its digits are the trace id."""
        if len(self.trace_id) != 32:  # noqa: PLR2004 - a trace id in hex
            return None
        hexes = self.trace_id
        return f"urn:uuid:{hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:]}"


def exchange_of(request: HTTPConnection | Scope) -> Exchange:
    """Return the record of this request, made on first use."""
    scope: Any = request.scope if isinstance(request, HTTPConnection) else request
    found = scope.get(_KEY)
    if found is None:
        found = scope[_KEY] = Exchange()
    known: Exchange = found
    return known


def caller_of(request: HTTPConnection) -> Caller:
    """Return the caller. Raises UnauthenticatedError on a route that requires no scope."""
    caller = exchange_of(request).caller
    if caller is None:
        raise UnauthenticatedError("a credential is required")
    return caller


def route_template(scope: Scope) -> str:
    """Return the template of the route, such as ``/v1/customers/{customer_id}``; never the path.

    ``unmatched`` when no route was found (yet).
    """
    path = getattr(scope.get("route"), "path_format", None) or getattr(
        scope.get("route"), "path", None
    )
    return path if isinstance(path, str) else UNMATCHED
