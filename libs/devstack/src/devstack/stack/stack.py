"""All services with their Postgres and their broker, started and stopped as one."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from common.cli import all_topics
from common.messaging import ensure_topics
from common.migrations import upgrade
from common.runtime import Component, HttpServer, run_components
from common.service import Service
from devstack.servers.children import StartError, check_free
from devstack.servers.embedded import (
    MakeBroker,
    Ports,
    Supervisor,
    embedded_broker,
    ensure_database,
    running_servers,
)
from devstack.servers.patience import patient
from devstack.servers.postgres import Server
from devstack.servers.roles import ensure_runtime_role, runtime_dsn, runtime_role
from devstack.stack.credentials import DEMO, load_credentials, write_private
from devstack.stack.docs_key import DocsKey
from devstack.stack.endpoints import Endpoints
from devstack.stack.gateway import build_gateway
from devstack.stack.recovery import recover
from devstack.stack.services import NAMES, build_services, http_settings, kafka_settings

READY_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Stack:
    endpoints: Endpoints
    interactions: Service
    """For operations without an API call: adding provider accounts."""
    running: asyncio.Task[None]
    """Ends only when a component has failed or the stack is being stopped."""


@asynccontextmanager
async def running_stack(
    directory: Path,
    *,
    port: int,
    ports: Ports | None = None,
    make_broker: MakeBroker = embedded_broker,
    tell: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Stack]:
    """Start the stack over ``directory`` and yield it once it is ready; its data is kept.

    ``tell`` is called with a line for each step that takes a while. Raises ``StartError`` if the
    stack cannot start.
    """
    check_free(port, purpose="the API", setting="PORT")
    async with AsyncExitStack() as opened:
        servers = opened.enter_context(
            running_servers(directory, ports=ports, make_broker=make_broker, tell=tell)
        )
        endpoints_file = directory / "endpoints.json"
        crashed = endpoints_file.exists()  # an orderly stop removes it
        endpoints_file.unlink(missing_ok=True)
        credentials = load_credentials(directory)
        dsns = {name: await ensure_database(servers.postgres, name) for name in NAMES}
        runtime_dsns = await _runtime_dsns(servers.postgres, dsns)
        services = build_services(
            dsns=runtime_dsns, bootstrap=servers.kafka, credentials=credentials, port=port
        )
        topics = {topic for service in services.all() for topic in all_topics(service)}
        await ensure_topics(kafka_settings(servers.kafka), topics)
        for service in services.all():
            tell(f"Preparing the database of {service.name} …")
            await _migrate(service, dsns[service.name], runtime_dsns[service.name])
            opened.push_async_callback(service.close)
            await service.open()
            await credentials.install(service)
        if servers.own_broker:
            await recover(services.all(), crashed=crashed)
        gateway = build_gateway(
            {service.name: service.api for service in services.all()},
            {service.name: _parts(service) for service in services.all()},
            DocsKey(credentials.api_key, tenant=DEMO),
        )
        server = HttpServer(
            gateway,
            http_settings(credentials, port),
            on_stop=services.end_streams,
        )
        endpoints = Endpoints(
            base_url=f"http://127.0.0.1:{port}",
            api_key=credentials.api_key,
            other_tenant_api_key=credentials.other_tenant_api_key,
            kafka=servers.kafka,
            postgres=dsns,
            pid=os.getpid(),
        )
        parts: list[Component] = [Supervisor(servers), server, *_components(services.all())]
        tell("Waiting until every part is ready …")
        running = await opened.enter_async_context(_running(parts))
        await _wait_ready(endpoints.base_url, running)
        write_private(endpoints_file, asdict(endpoints))
        opened.callback(endpoints_file.unlink, missing_ok=True)
        yield Stack(endpoints, services.interactions, running)


async def _runtime_dsns(server: Server, owner_dsns: Mapping[str, str]) -> dict[str, str]:
    """Return the address with which each service runs: as a role that may not change the schema."""
    return {
        name: runtime_dsn(dsn, name) if await ensure_runtime_role(server, name, name) else dsn
        for name, dsn in owner_dsns.items()
    }


async def _migrate(service: Service, owner_dsn: str, runtime_dsn: str) -> None:
    role = None if runtime_dsn == owner_dsn else runtime_role(service.name)
    await asyncio.to_thread(upgrade, service.migrations, owner_dsn, runtime_role=role)


def _components(services: Iterable[Service]) -> list[Component]:
    return [part for service in services for part in _parts(service)]


def _parts(service: Service) -> list[Component]:
    return [service.clock, *service.components.values()]


@asynccontextmanager
async def _running(parts: list[Component]) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    running = asyncio.create_task(run_components(parts, stop), name="stack")
    try:
        yield running
    finally:
        stop.set()
        await running


async def _wait_ready(base_url: str, running: asyncio.Task[None]) -> None:
    """Wait until every service is ready; raise ``StartError`` if the stack ends or is too slow."""
    answer = "no answer"
    began = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, timeout=READY_WITHIN_SECONDS) as client:
        while not running.done() and time.monotonic() - began < patient(READY_WITHIN_SECONDS):
            try:
                response = await client.get(f"{base_url}/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if response.is_success:
                return
            answer = response.text
            await asyncio.sleep(0.05)
    raise StartError(f"the stack is not ready; last answer of /readyz: {answer}")
