"""Several services behind one port: each path goes to the service that declares it.

What every service has of its own (health, metrics, its API's description) is answered here, for
all of them together.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Mount, Route
from starlette.types import Receive, Scope, Send

from common.runtime import Component
from devstack.stack.descriptions import merged

SHARED = frozenset(
    {"/livez", "/readyz", "/version", "/metrics", "/openapi.json", "/docs", "/redoc"}
)


def build_gateway(
    apps: Mapping[str, FastAPI], parts: Mapping[str, Sequence[Component]] | None = None
) -> Starlette:
    """Return one application over these, by service name; it runs their lifespans.

    Ready also means that the services' ``parts``, which run beside it, are well.
    """
    switch = Switch(list(apps.values()))
    routes = [
        Route("/livez", _together(apps, "/livez")),
        Route("/readyz", _together(apps, "/readyz", parts or {})),
        Route("/version", _together(apps, "/version")),
        Route("/metrics", _first(apps, "/metrics")),
        Route("/openapi.json", _described(apps)),
        Route("/docs", _docs),
        Mount("/", switch),
    ]
    return Starlette(routes=routes, lifespan=switch.lifespan)


class Switch:
    """Finds the application that declares a path: by its first two segments, else by matching."""

    def __init__(self, apps: Sequence[FastAPI]) -> None:
        self._apps = apps
        self._states: dict[int, dict[str, Any]] = {}
        self._owners: dict[str, list[FastAPI]] = {}
        for app in apps:
            for path in {_prefix(route.path) for route in app.routes if isinstance(route, Route)}:
                self._owners.setdefault(path, []).append(app)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            for app in self._apps:
                state = await opened.enter_async_context(app.router.lifespan_context(app))
                self._states[id(app)] = dict(state or {})
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._owner(scope)
        own = {"state": dict(self._states.get(id(app), {})), "root_path": "", "app_root_path": ""}
        await app({**scope, **own}, receive, send)

    def _owner(self, scope: Scope) -> FastAPI:
        candidates = self._owners.get(_prefix(scope["path"]), [])
        if len(candidates) == 1:
            return candidates[0]
        ranked = [(_best_match(app, scope).value, app) for app in candidates]
        # Nobody's path is answered by the first: 404, in the form that all of them use.
        return max(ranked, key=lambda pair: pair[0])[1] if ranked else self._apps[0]


def _prefix(path: str) -> str:
    return "/".join(path.split("/", 3)[:3])


def _best_match(app: FastAPI, scope: Scope) -> Match:
    found = (route.matches(scope)[0] for route in app.routes)
    return max(found, key=lambda match: match.value, default=Match.NONE)


def _together(
    apps: Mapping[str, FastAPI], path: str, parts: Mapping[str, Sequence[Component]] | None = None
) -> Any:
    """Answer with every service's own answer, and the worst status of them."""

    async def answer(_: Request) -> Response:
        answers = {name: await _ask(app, path) for name, app in apps.items()}
        body = {name: answer.json() for name, answer in answers.items()}
        status = max(answer.status_code for answer in answers.values())
        for name, running in (parts or {}).items():
            reasons = {part.name: part.healthy() for part in running}
            body[name]["parts"] = {n: {"ok": not why, "reason": why} for n, why in reasons.items()}
            status = max(status, httpx.codes.SERVICE_UNAVAILABLE if any(reasons.values()) else 0)
        return JSONResponse({"ok": status < httpx.codes.BAD_REQUEST, "services": body}, status)

    return answer


def _first(apps: Mapping[str, FastAPI], path: str) -> Any:
    """One process has one registry of metrics, so any of its services shows them all."""

    async def answer(_: Request) -> Response:
        given = await _ask(next(iter(apps.values())), path)
        return Response(given.content, given.status_code, media_type=given.headers["content-type"])

    return answer


def _described(apps: Mapping[str, FastAPI]) -> Any:
    document = merged({name: app.openapi() for name, app in apps.items()})

    async def answer(_: Request) -> Response:
        return JSONResponse(document)

    return answer


async def _docs(_: Request) -> HTMLResponse:
    return get_swagger_ui_html(openapi_url="/openapi.json", title="Threadline")


async def _ask(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as client:
        return await client.get(path)
