"""Processes: the API, and workers that serve health and metrics beside their work."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

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
    """Serve the API, with the components of these kinds beside it, until a signal."""
    run_async(lambda: _run(service, service.api, service.parts(*kinds)))


def run_worker(service: Service, kinds: Sequence[str]) -> None:
    """Run the components of these kinds until a signal; the HTTP port has health and metrics."""
    parts = service.parts(*kinds)
    checks: dict[str, Check] = {"database": database_check(service.database)}
    checks |= {part.name: component_check(part) for part in parts}
    app = Starlette(routes=[*health_routes(checks), metrics_route()])
    run_async(lambda: _run(service, app, parts))


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


async def _run(service: Service, app: Any, parts: Sequence[Component]) -> None:
    telemetry = service.settings.telemetry
    logs.configure(level=telemetry.log_level)
    tracing.configure(service=service.name, otlp_endpoint=telemetry.otlp_endpoint)
    stop = asyncio.Event()
    stop_on_signals(stop)
    await service.open()
    spare_garbage_collection()
    try:
        server = HttpServer(app, service.settings.http, on_stop=service.end_streams)
        await run_components([server, *parts], stop)
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
