"""One service's API, built from its routers and its state. Nothing is read from anywhere else."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute

from common.web.auth import registered_scopes
from common.web.docs import docs_routes
from common.web.endpoint import endpoint_of
from common.web.handlers import HANDLERS
from common.web.health import Check, database_check, health_routes, version_router
from common.web.metrics import metrics_route
from common.web.middleware import Edge
from common.web.openapi import calls, document
from common.web.requirements import Public, Requirement
from common.web.state import AppState

__all__ = ["AppState", "build_app"]

_NO_NATIVE_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
}
"""Disabled: the framework's telemetry adds three spans that quote exceptions and URLs."""
_DECLARATIONS = (Requirement, Public)


def build_app(
    *,
    title: str,
    routers: Sequence[APIRouter],
    state: AppState,
    checks: Mapping[str, Check] | None = None,
    version: str = "1",
) -> FastAPI:
    """Return the application, with problems, limits, health, metrics and documentation.

    ``checks`` come on top of the database's. Raises ValueError for a route that neither requires a
    registered scope nor is declared public.
    """
    docs = state.http.docs
    app = FastAPI(
        title=title,
        version=version,
        lifespan=_lifespan(state),
        redirect_slashes=False,
        telemetry=_NO_NATIVE_TELEMETRY,
        openapi_url="/openapi.json" if docs else None,
        docs_url=None,
        redoc_url=None,
    )
    # Replaces the framework's own layers: the edge does, or forbids, what they are for.
    handled = ExceptionMiddleware(app.router, handlers=HANDLERS)
    app.middleware_stack = Edge(
        handled,
        service=state.service,
        settings=state.http,
        authenticator=state.authenticator,
    )
    app.state.threadline = state
    app.openapi = partial(document, app)  # type: ignore[method-assign]
    app.router.routes.extend(_declared_routes([*routers, version_router]))
    if docs:
        app.router.routes.extend(docs_routes())
    if state.http.health_port is None:
        checks = {"database": database_check(state.database)} | dict(checks or {})
        app.router.routes.extend(health_routes(checks))
        if state.http.metrics:
            app.router.routes.append(metrics_route(state.refresh_metrics))
    return app


def _declared_routes(routers: Sequence[APIRouter]) -> list[BaseRoute]:
    """Return the routes themselves: a nested route would be matched twice and lose its template."""
    found: list[BaseRoute] = []
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise ValueError("give build_app each router itself; do not nest or mount")  # noqa: TRY004 - how the router was built is a value
            _check_declared(route)
            _ask_for_credentials_first(route)
            route.app = endpoint_of(route)
            found.append(route)
    return found


def _check_declared(route: APIRoute) -> None:
    declarations = [call for call in calls(route.dependant) if isinstance(call, _DECLARATIONS)]
    if not declarations:
        raise ValueError(f"{route.path} neither requires a scope nor is public")
    for call in declarations:
        if isinstance(call, Requirement) and call.scope not in registered_scopes():
            raise ValueError(f"{route.path} requires the unknown scope {call.scope}")


def _ask_for_credentials_first(route: APIRoute) -> None:
    """Order dependencies so that credentials are checked before any body is read."""
    route.dependant.dependencies.sort(key=lambda one: not isinstance(one.call, _DECLARATIONS))


def _lifespan(state: AppState) -> Any:
    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        yield
        state.streams.close()

    return run
