"""Several services behind one port: each path goes to the service that declares it.

The gateway itself answers the paths that every service has (health, metrics, OpenAPI), for all of
them together.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Mount, Route
from starlette.types import Receive, Scope, Send

from common.runtime import Component
from common.web import docs_routes
from devstack.stack.descriptions import merge_documents
from devstack.stack.docs_key import KEY_PATH, DocsKey


def build_gateway(
    apps: Mapping[str, FastAPI],
    parts: Mapping[str, Sequence[Component]] | None = None,
    docs_key: DocsKey | None = None,
) -> Starlette:
    """Return one application over ``apps`` (by service name) that runs their lifespans.

    It is ready only if the services' ``parts``, which run beside it, are healthy too.
    """
    switch = Switch(list(apps.values()))
    routes = [
        Route("/livez", _combined(apps, "/livez")),
        Route("/readyz", _combined(apps, "/readyz", parts or {})),
        Route("/version", _combined(apps, "/version")),
        Route("/metrics", _metrics(apps)),
        Route("/openapi.json", _openapi(apps)),
        *docs_routes(KEY_PATH if docs_key else ""),
        *([docs_key.route()] if docs_key else []),
        Mount("/", switch),
    ]
    return Starlette(routes=routes, lifespan=switch.lifespan)


class Switch:
    """Routes a path to the application that declares it.

    The first two segments decide; if several applications share them, the best match does.
    """

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
        # The first application answers an unknown path: 404, in the format that all of them use.
        return max(ranked, key=lambda pair: pair[0])[1] if ranked else self._apps[0]


def _prefix(path: str) -> str:
    return "/".join(path.split("/", 3)[:3])


def _best_match(app: FastAPI, scope: Scope) -> Match:
    matches = (route.matches(scope)[0] for route in app.routes)
    return max(matches, key=lambda match: match.value, default=Match.NONE)


def _combined(
    apps: Mapping[str, FastAPI], path: str, parts: Mapping[str, Sequence[Component]] | None = None
) -> Any:
    """Return an endpoint that combines every service's answer, with the worst status."""

    async def answer(_: Request) -> Response:
        answers = {name: await _ask(app, path) for name, app in apps.items()}
        body = {name: answer.json() for name, answer in answers.items()}
        status = max(answer.status_code for answer in answers.values())
        for service, components in (parts or {}).items():
            reasons = {component.name: component.healthy() for component in components}
            body[service]["parts"] = {
                name: {"ok": not reason, "reason": reason} for name, reason in reasons.items()
            }
            status = max(status, httpx.codes.SERVICE_UNAVAILABLE if any(reasons.values()) else 0)
        return JSONResponse({"ok": status < httpx.codes.BAD_REQUEST, "services": body}, status)

    return answer


def _metrics(apps: Mapping[str, FastAPI]) -> Any:
    """Return an endpoint that asks every service, so that each reads its gauges.

    All share the process's metrics registry, so the last answer has everything.
    """

    async def answer(_: Request) -> Response:
        *_others, last = [await _ask(app, "/metrics") for app in apps.values()]
        return Response(last.content, last.status_code, media_type=last.headers["content-type"])

    return answer


def _openapi(apps: Mapping[str, FastAPI]) -> Any:
    document = merge_documents({name: app.openapi() for name, app in apps.items()})

    async def answer(_: Request) -> Response:
        return JSONResponse(document)

    return answer


async def _ask(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as client:
        return await client.get(path)
