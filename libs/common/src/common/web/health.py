"""``/livez``: the process runs. ``/readyz``: its dependencies answer. ``/version``: its release."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import metadata

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.db import Database, ReadConnection
from common.errors import ServiceError
from common.runtime import Memo
from common.telemetry import describe
from common.web.openapi import Example, examples, tag
from common.web.requests import ResponseModel
from common.web.requirements import public
from common.web.responses import json_answer
from common.web.state import app_state

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, or the reason why not, which strangers may read."""

CHECK_SECONDS = 2.0

version_router = APIRouter(tags=[tag("operations", "What runs here.")])


class VersionResponse(ResponseModel, title="Version"):
    """The release that answers."""

    service: str = Field(description="The name of the service that answers.")
    version: str = Field(description="The version of its package, such as ``0.2.0``.")


_EXAMPLES = tuple(
    Example(
        name=service,
        summary=f"At {service}",
        answer={"service": service, "version": metadata.version("threadline-common")},
    )
    for service in ("identity", "interactions", "sla")
)
"""All packages are released together, under one version."""


@version_router.get(
    "/version",
    response_model=VersionResponse,
    summary="Read the service's name and version",
    openapi_extra=examples(*_EXAMPLES),
    dependencies=[public("it names the release and no tenant's data")],
)
async def read_version(request: Request) -> Response:
    """Return the service's name and the version of its package."""
    state = app_state(request)
    return json_answer({"service": state.service, "version": state.version})


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """Return both routes; ready means that every check passes within its own deadline.

    However many ask, the checks are made by one at a time, and for a tenth of the time at most.
    """

    async def livez(_request: Request) -> Response:
        return json_answer({"status": "ok"})

    async def check_all() -> list[str | None]:
        return await asyncio.gather(*(_reason(check) for check in checks.values()))

    shared = Memo(check_all, factor=9, most_seconds=0.5)

    async def readyz(_request: Request) -> Response:
        reasons = await shared.get()
        found = dict(zip(checks, reasons, strict=True))
        ready = not any(reasons)
        body = {
            "status": "ready" if ready else "not_ready",
            "checks": {name: {"ok": why is None, "reason": why} for name, why in found.items()},
        }
        return json_answer(body, status=200 if ready else 503)

    return [Route("/livez", livez), Route("/readyz", readyz)]


def database_check(database: Database) -> Check:
    """Return a check that asks the database for one value."""

    async def check() -> str | None:
        try:
            await database.read(_one, deadline_seconds=1.0)
        except ServiceError as error:
            return error.detail
        return None

    return check


async def _one(connection: ReadConnection) -> None:
    await connection.execute(text("SELECT 1"))


async def _reason(check: Check) -> str | None:
    task = asyncio.ensure_future(check())
    done, _ = await asyncio.wait({task}, timeout=CHECK_SECONDS)
    if not done:
        task.cancel()
        return "did not answer in time"
    error = task.exception()
    return task.result() if error is None else describe(error)
