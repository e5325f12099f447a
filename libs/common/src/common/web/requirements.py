"""The scope that a route requires: ``caller: Annotated[Caller, requires("sla:read")]``.

A route without a caller declares ``public(reason)``. Building an application fails when a route
declares neither.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import Depends
from starlette.requests import Request

from common.errors import ForbiddenError
from common.runtime import WAIT_SECONDS
from common.web.auth import Caller, exchange_of
from common.web.problems import HttpError
from common.web.requests import sender_of
from common.web.state import app_state


@dataclass(frozen=True, slots=True)
class Requirement:
    """Dependency: a caller that has ``scope``, charged against its rate limit."""

    scope: str
    bound: bool
    cost: float
    patience_seconds: float

    async def __call__(self, request: Request) -> Caller:
        state = app_state(request)
        if len(request.headers.getlist("authorization")) > 1:
            raise HttpError(400, "send exactly one Authorization header")
        caller = await state.authenticator.authenticate(
            state.authenticator.credential_of(request.scope),
            sender=sender_of(request, state.http.trusted_proxies),
        )
        exchange = exchange_of(request)
        exchange.caller = caller
        exchange.patience_seconds = self.patience_seconds
        exchange.belongs_to(caller.tenant_id, caller.principal_id)
        state.limiter.charge(caller, exchange, self.cost)
        if not caller.has(self.scope):
            raise ForbiddenError(f"the scope {self.scope} is required")
        if caller.bound_to is not None and not self.bound:
            raise ForbiddenError("a credential bound to one customer cannot call this operation")
        if caller.bound_to is not None:
            await exchange.enter_for(str(caller.bound_to))
        elif exchange.enters_early:
            await exchange.enter()
        return caller


@dataclass(frozen=True, slots=True)
class Public:
    """Dependency of routes without a caller; ``reason`` goes into the documentation."""

    reason: str

    async def __call__(self) -> None:
        """Accept every request."""


def requires(
    scope: str, *, bound: bool = False, cost: float = 1, patience_seconds: float = WAIT_SECONDS
) -> Any:
    """Return the dependency that yields the caller, or answers 401, 403 or 429.

    ``bound`` also accepts tokens bound to one customer; the route must then call
    ``caller.check_reach``. ``cost`` is what the call takes from the quota,
    ``patience_seconds`` how long it waits for a place before it answers 503.
    """
    return Depends(Requirement(scope, bound, cost, patience_seconds))


def public(reason: str) -> Any:
    """Return the dependency that declares a route public, such as one whose sender signs."""
    return Depends(Public(reason))
