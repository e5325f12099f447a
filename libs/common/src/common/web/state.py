"""The collaborators of one service's API, built in its wiring and used by its routers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from common.db import Clock, Database
from common.settings import AuthSettings, HttpSettings
from common.web.auth import Arriving, Authenticator, RateLimiter, Strangers
from common.web.responses import CursorSigner, Streams


async def _nothing_to_refresh() -> None:
    return None


@dataclass(kw_only=True)
class AppState:
    """What every API has. Each part of a service adds a state of its own to ``parts``.

    ``version`` is the release of the service's package, for ``GET /version``;
    ``refresh_metrics`` reads the gauges that come from the database.
    """

    service: str
    database: Database
    clock: Clock
    http: HttpSettings
    auth: AuthSettings
    version: str = "unknown"
    refresh_metrics: Callable[[], Awaitable[None]] = _nothing_to_refresh
    parts: dict[type[Any], Any] = field(default_factory=dict)
    authenticator: Authenticator = field(init=False)
    cursors: CursorSigner = field(init=False)
    limiter: RateLimiter = field(init=False)
    streams: Streams = field(init=False)
    strangers: Strangers = field(init=False)
    arriving: Arriving = field(init=False)

    def __post_init__(self) -> None:
        self.authenticator = Authenticator(self.database, self.clock, self.auth)
        self.cursors = CursorSigner(self.http.cursor_secret)
        self.limiter = RateLimiter(self.http.rate_limit_per_minute)
        self.streams = Streams(self.authenticator)
        self.strangers = Strangers()
        self.arriving = Arriving()


S = TypeVar("S")


def app_state(request: HTTPConnection) -> AppState:
    """Return what every API has."""
    state: AppState = request.app.state.threadline
    return state


async def get_state(request: Request) -> AppState:
    """Dependency: what every API has."""
    return app_state(request)


async def get_database(request: Request) -> Database:
    """Dependency: the service's database."""
    return app_state(request).database


async def get_clock(request: Request) -> Clock:
    """Dependency: the service's clock."""
    return app_state(request).clock


def part_of(request: HTTPConnection, kind: type[S]) -> S:
    """Return the state of the part that this class describes; KeyError when there is none."""
    state: S = app_state(request).parts[kind]
    return state


def part_state(kind: type[S]) -> Any:
    """Return the dependency that gives a router its part's state."""

    async def state(request: Request) -> S:
        return part_of(request, kind)

    return Depends(state)
