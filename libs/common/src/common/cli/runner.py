"""Processes: the API, and workers that serve health and metrics beside their work."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import typer
import uvloop
from starlette.applications import Starlette

from common.errors import ServiceError
from common.runtime import (
    Component,
    HttpServer,
    run_components,
    spare_garbage_collection,
    stop_on_signals,
)
from common.service import Service
from common.telemetry import logs, tracing
from common.web import Check, database_check, health_routes, metrics_route

T = TypeVar("T")
Build = Callable[[], Service]


def run_api(service: Service, kinds: Sequence[str]) -> None:
    """Serve the API, with the components of these kinds beside it, until a signal.

    Health and metrics have a server of their own if the settings name a port for it.
    """
    parts = service.parts(*kinds)
    servers = [HttpServer(service.api, service.settings.http, on_stop=service.end_streams)]
    if service.settings.http.health_port is not None:
        servers.append(_health_server(service, ()))
    run_async(lambda: _run(service, [*servers, *parts]))


def run_worker(service: Service, kinds: Sequence[str]) -> None:
    """Run the components of these kinds until a signal, with a server for health and metrics."""
    parts = service.parts(*kinds)
    run_async(lambda: _run(service, [_health_server(service, parts), *parts]))


def _health_server(service: Service, parts: Sequence[Component]) -> HttpServer:
    """Return the server of health and metrics: on a port of its own, or else on the service's."""
    checks: dict[str, Check] = {"database": database_check(service.database)}
    checks |= {part.name: component_check(part) for part in parts}
    routes = [*health_routes(checks), metrics_route(service.readings.refresh)]
    http = service.settings.http
    return HttpServer(
        Starlette(routes=routes),
        http.model_copy(update={"port": http.health_port or http.port}),
        name="health",
    )


def run_async(work: Callable[[], Awaitable[T]]) -> T:
    """Run ``work`` on a fresh uvloop."""

    async def main() -> T:
        asyncio.get_running_loop().set_exception_handler(logs.log_unhandled)
        return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def component_check(component: Component) -> Check:
    """Return a readiness check of a component's health."""

    async def check() -> str | None:
        return component.healthy()

    return check


async def _run(service: Service, components: Sequence[Component]) -> None:
    telemetry = service.settings.telemetry
    logs.configure(level=telemetry.log_level)
    tracing.configure(service=service.name, otlp_endpoint=telemetry.otlp_endpoint)
    stop = asyncio.Event()
    stop_on_signals(stop)
    await service.open()
    spare_garbage_collection()
    try:
        await run_components(components, stop)
    finally:
        await service.close()


def with_service(build: Build, work: Callable[[Service], Awaitable[T]]) -> T:
    """Open the service, do the work, close it. A ServiceError ends the command with status 1."""

    async def main() -> T:
        service = build()
        await service.open()
        try:
            return await work(service)
        finally:
            await service.close()

    try:
        return run_async(main)
    except ServiceError as error:
        typer.secho(error.detail, err=True, fg="red")
        raise typer.Exit(1) from None
