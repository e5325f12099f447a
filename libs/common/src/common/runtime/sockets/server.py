"""An ASGI application as a component: uvicorn, with its signal handling switched off."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from typing_extensions import override

from common.runtime.sockets.wire import bounded_protocol
from common.settings import HttpSettings

KEEP_ALIVE_SECONDS = 30
"""How long a connection may stay silent between requests."""


class _Server(uvicorn.Server):
    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which stops its components in order."""
        yield


class HttpServer:
    """Serves an application until told to stop, then finishes the requests under way.

    ``on_stop`` must end whatever would not finish by itself, such as live streams: the
    application's own shutdown begins only when the last connection is closed.
    """

    def __init__(
        self,
        app: Any,
        settings: HttpSettings,
        *,
        name: str = "api",
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._on_stop = on_stop
        self._server = _Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=settings.graceful_shutdown_seconds,
                http=bounded_protocol(settings.trusted_proxies),
            )
        )

    @property
    def started(self) -> bool:
        return self._server.started

    @property
    def port(self) -> int:
        """The port that it listens on, also where the settings leave the choice to the system."""
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    def healthy(self) -> str | None:
        return None if self._server.started else "the HTTP server has not started"

    async def run(self, stop: asyncio.Event) -> None:
        serving = asyncio.create_task(self._server.serve(), name="uvicorn")
        stopping = asyncio.create_task(_wait(stop), name="uvicorn-stop")
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if self._on_stop:
            self._on_stop()
        self._server.should_exit = True
        stopping.cancel()
        await serving


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
