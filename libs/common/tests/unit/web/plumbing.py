"""What the HTTP tests build: an application over a store of keys in memory, and its callers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from common.db import Database
from common.settings import AuthSettings, HttpSettings
from common.web import build_app
from common.web.app import AppState
from common.web.auth import CreateKey, create_key, registered_scopes
from common.web.auth.api_keys import Environment, KeyRow, find_key
from devstack.testing.fake_clock import FakeClock
from devstack.testing.http import http_client

PEPPER = SecretStr("pepper-" * 8)
HTTP = HttpSettings(cursor_secret=SecretStr("cursor-" * 8), rate_limit_per_minute=60_000)
AUTH = AuthSettings(pepper=PEPPER)


@dataclass
class MemoryKeys:
    """Stands in for the database where a test needs credentials and nothing else."""

    rows: dict[str, KeyRow] = field(default_factory=dict)
    reads: int = 0
    error: Exception | None = None

    async def read(self, query: Callable[..., Awaitable[Any]], *args: Any, **_: Any) -> Any:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.rows.get(args[0]) if query is find_key else None

    async def run(self, *_args: Any, **_kwargs: Any) -> None:
        return None

    def add(
        self,
        clock: FakeClock,
        *,
        tenant_id: str = "demo",
        scopes: Sequence[str] = tuple(registered_scopes()),
        environment: Environment = "live",
    ) -> str:
        command = CreateKey(
            tenant_id=tenant_id, name="test", scopes=scopes, environment=environment
        )
        plaintext, row = create_key(command, pepper=PEPPER, now=clock.now())
        self.rows[row.key_id] = row
        return plaintext


@dataclass
class World:
    """An application, who may call it, and what time it is."""

    app: FastAPI
    state: AppState
    keys: MemoryKeys
    clock: FakeClock

    @asynccontextmanager
    async def client(self, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {key}"} if key else None
        async with http_client(self.app, headers=headers) as client:
            yield client


def world(
    *routers: APIRouter,
    http: HttpSettings = HTTP,
    auth: AuthSettings = AUTH,
    state: type[AppState] = AppState,
    **options: Any,
) -> World:
    keys, clock = MemoryKeys(), FakeClock()
    made = state(service="test", database=cast("Database", keys), clock=clock, http=http, auth=auth)
    app = build_app(title="Test", routers=routers, state=made, **options)
    return World(app, made, keys, clock)


def check_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is a well-formed problem, and return it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "errors"} <= problem.keys()
    assert problem["status"] == status
    assert problem["instance"].replace("-", "").endswith(answer.headers["x-request-id"])
    return problem
