"""The record of one request, kept in its ASGI scope from the edge to the router."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from common.errors import UnauthenticatedError
from common.runtime import NOBODY, WAIT_SECONDS, Shares
from common.web.auth.callers import Caller
from common.web.auth.credentials import Credential

_KEY = "threadline.exchange"
UNMATCHED = "unmatched"


class Place:
    """A request's place among those that are answered at once."""

    __slots__ = ("_owner", "_shares", "_weight")

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._owner: str | None = None
        self._weight = 1

    async def enter(
        self,
        owner: str,
        member: str = "",
        *,
        weight: int = 1,
        patience_seconds: float = WAIT_SECONDS,
        before_waiting: Callable[[], None] | None = None,
    ) -> None:
        """Take the place, unless it is taken. Raises UnavailableError when none becomes free."""
        if self._owner is None:
            await self._shares.enter(
                owner,
                member,
                weight=weight,
                patience_seconds=patience_seconds,
                before_waiting=before_waiting,
            )
            self._owner, self._weight = owner, weight

    def leave(self) -> None:
        """Leave the place to others, if it is taken."""
        if self._owner is not None:
            owner, self._owner = self._owner, None
            self._shares.leave(owner, weight=self._weight)


@dataclass(slots=True)
class Exchange:
    """One request and its answer; layers add to it as the request moves inwards.

    ``owner`` is the tenant in whose name the request takes its place, ``member`` the credential;
    until they are known, nobody and the network that it came from. ``enters_early`` requests take
    their place with the credential, all others once their body has been read. ``turn`` is the place
    among the requests about other parties, such as customers. ``patience_seconds`` is how long it
    waits for either.
    """

    trace_id: str = ""
    credential: Credential | None = None
    caller: Caller | None = None
    body: bytes = b""
    rate_headers: tuple[tuple[bytes, bytes], ...] = ()
    place: Place | None = None
    turn: Place | None = None
    owner: str = NOBODY
    member: str = ""
    enters_early: bool = False
    patience_seconds: float = WAIT_SECONDS

    async def enter(self, *, weight: int = 1) -> None:
        """Take a place, unless it has one; a large request takes several (``weight``).

        Raises UnavailableError when none becomes free.
        """
        if self.place is not None:
            await self.place.enter(
                self.owner, self.member, weight=weight, patience_seconds=self.patience_seconds
            )

    async def enter_for(self, party: str) -> None:
        """Enter once the party has its turn among all others; its place is free until then.

        Raises UnavailableError when it gets none.
        """
        if self.turn is not None:
            await self.turn.enter(
                f"{self.owner}\0{party}",
                patience_seconds=self.patience_seconds,
                before_waiting=self.leave,
            )
            await self.enter()

    def leave(self) -> None:
        """Leave the place to others while the request only waits for its sender."""
        if self.place is not None:
            self.place.leave()

    def finish(self) -> None:
        """Leave whatever has been entered."""
        self.leave()
        if self.turn is not None:
            self.turn.leave()

    def belongs_to(self, owner: str, member: str) -> None:
        """Note whose the request is. Its place is left: the next is taken in the owner's name."""
        self.leave()
        self.owner, self.member = owner, member

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
