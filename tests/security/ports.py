"""The site's three APIs on real ports, each behind its production server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from common.runtime import HttpServer
from common.settings import HttpSettings
from devstack.servers.children import free_port
from devstack.testing.wait import until
from tests.security.site import Site


class _Requests:
    """Hides lifespan events, because the site, not the server, starts and stops the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)


@asynccontextmanager
async def open_ports(site: Site) -> AsyncIterator[dict[str, int]]:
    """Serve the APIs and yield the port of each service on 127.0.0.1."""
    stop, ports = asyncio.Event(), {name: free_port() for name in site.services}
    servers = [
        HttpServer(
            _Requests(service.api),
            HttpSettings(port=ports[name], cursor_secret=SecretStr("-" * 32)),
        )
        for name, service in site.services.items()
    ]
    running = [asyncio.create_task(server.run(stop)) for server in servers]
    try:
        await until(lambda: all(server.started for server in servers))
        yield ports
    finally:
        stop.set()
        await asyncio.gather(*running)
