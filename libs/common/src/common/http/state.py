"""The collaborators of one service's API, built in its wiring and found again by its routers."""

from dataclasses import dataclass, field
from typing import TypeVar

from starlette.requests import HTTPConnection

from common.clock import Clock
from common.database import Database
from common.http.authentication import Authenticator
from common.http.cursors import CursorSigner
from common.http.rate_limits import RateLimiter
from common.http.sse import Streams
from common.settings import AuthSettings, HttpSettings


@dataclass(kw_only=True)
class AppState:
    """What every API has. A service adds its own collaborators in a subclass."""

    service: str
    database: Database
    clock: Clock
    http: HttpSettings
    auth: AuthSettings
    authenticator: Authenticator = field(init=False)
    cursors: CursorSigner = field(init=False)
    limiter: RateLimiter = field(init=False)
    streams: Streams = field(init=False)

    def __post_init__(self) -> None:
        self.authenticator = Authenticator(self.database, self.clock, self.auth)
        self.cursors = CursorSigner(self.http.cursor_secret)
        self.limiter = RateLimiter(self.http.rate_limit_per_minute)
        self.streams = Streams(self.authenticator)


S = TypeVar("S", bound=AppState)


def state_of(request: HTTPConnection, kind: type[S]) -> S:
    """Return the application's state as the service's own class."""
    state = request.app.state.threadline
    if not isinstance(state, kind):
        raise TypeError(f"this application's state is no {kind.__name__}")
    return state


def app_state(request: HTTPConnection) -> AppState:
    """Return what every API has."""
    return state_of(request, AppState)
