"""A service under test: with its own database, without Kafka, called in process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from common.runtime import HttpServer, run_components
from common.service import Service
from common.settings import ServiceSettings
from common.web.auth import CreateKey, create_key, insert_key
from devstack.testing.http import http_client
from devstack.testing.wait import until

S = TypeVar("S", bound=ServiceSettings)


def service_settings(kind: type[S], dsn: str, **more: Any) -> S:
    """Return settings for a test; ``more`` replaces or adds whole groups, such as ``timer``.

    Nothing listens at the broker's address: tests pass events in themselves.
    """
    return kind.model_validate(
        {
            "postgres": {
                "dsn": dsn,
                "pool_size": 8,
                "read_pool_size": 4,
                "max_attempts": 8,
                "pool_timeout_seconds": 10,
            },
            "kafka": {"bootstrap": "127.0.0.1:9"},
            "auth": {"pepper": "p" * 32, "environment": "test"},
            "http": {"cursor_secret": "c" * 32},
            **more,
        }
    )


@asynccontextmanager
async def running_service(build: Callable[[S], Service], settings: S) -> AsyncIterator[Service]:
    """Build the service, open it, and close it at the end; its components do not run."""
    service = build(settings)
    await service.open()
    try:
        yield service
    finally:
        await service.close()


async def new_key(service: Service, *, scopes: Sequence[str], tenant: str = "demo") -> str:
    """Create an API key of the tenant; return its plain text."""
    now = service.clock.now()
    command = CreateKey(
        tenant_id=tenant, name="test", scopes=list(scopes), environment="test", expires_at=None
    )
    plain_text, row = create_key(command, pepper=service.settings.auth.pepper, now=now)
    await service.database.run(insert_key, row, now=now)
    return plain_text


@asynccontextmanager
async def api_client(
    service: Service, *, scopes: Sequence[str], tenant: str = "demo"
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that calls the API in process with a new key of the tenant."""
    key = await new_key(service, scopes=scopes, tenant=tenant)
    headers = {"Authorization": f"Bearer {key}"}
    async with http_client(service.api, headers=headers, run_lifespan=False) as client:
        yield client


@asynccontextmanager
async def running_feeds(service: Service) -> AsyncIterator[None]:
    """Run the feeds of the service's live streams, which share the API's process."""
    stop = asyncio.Event()
    feeds = asyncio.create_task(run_components(service.parts("feed"), stop))
    try:
        yield
    finally:
        stop.set()
        await feeds


@asynccontextmanager
async def running_api(service: Service) -> AsyncIterator[str]:
    """Serve the API, with its feeds, on a free port and yield its address.

    Needed for streams: an in-process client sees a response only when it is complete.
    """
    server = HttpServer(
        service.api,
        service.settings.http.model_copy(update={"port": 0}),
        on_stop=service.end_streams,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(server.run(stop))
    try:
        async with running_feeds(service):
            await until(lambda: server.started)
            yield f"http://127.0.0.1:{server.port}"
    finally:
        stop.set()
        await task
