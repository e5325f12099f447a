"""Call an ASGI application in-process, within its lifespan."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send


@asynccontextmanager
async def http_client(
    app: Starlette, *, headers: Mapping[str, str] | None = None, run_lifespan: bool = True
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of ``app``. An exception in the application becomes a 500, as on a port."""
    state: dict[str, Any] = {}

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    transport = httpx.ASGITransport(app=with_state, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)
    async with AsyncExitStack() as opened:
        if run_lifespan:
            lifespan: Any = app.router.lifespan_context(app)
            state |= await opened.enter_async_context(lifespan) or {}
        yield await opened.enter_async_context(client)
