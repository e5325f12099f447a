"""Runs the service for integration tests: its API called in process, its timers by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from common.runtime import Loop
from common.service import Service
from common.web.requests import ResponseModel
from devstack.testing.http import http_client
from devstack.testing.postgres import rows_of
from devstack.testing.services import Issuer, new_key, running_service, service_settings
from interactions.channels.kit.sealing import new_key as new_sealing_key
from interactions.context.http.schemas import ChangesResponse, ContextResponse, TimelineResponse
from interactions.settings import InteractionsSettings
from interactions.wiring import build
from services.interactions.tests.factories import TENANT
from services.interactions.tests.identity_fake import FakeIdentity

CALLERS = {
    "writer": (TENANT, ["interactions:write", "context:read", "pii:read"]),
    "agent": (TENANT, ["context:read", "pii:read"]),
    "reader": (TENANT, ["context:read"]),
    "outsider": (TENANT, ["sla:read"]),
    "other": ("other", ["interactions:write", "context:read", "pii:read"]),
}
"""The tenant and the scopes of each caller's API key."""


@dataclass
class Api:
    """The API for callers of different rights, and what is behind it."""

    service: Service
    identity: FakeIdentity
    client: httpx.AsyncClient
    keys: dict[str, str]
    issuer: Issuer

    async def call(
        self, method: str, path: str, body: Any = None, *, who: str = "writer", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} | more.pop("headers", {})
        return await self.client.request(method, path, json=body, headers=headers, **more)

    async def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return await self.call("POST", path, body, **more)

    async def get(self, path: str, *, who: str = "agent", **more: Any) -> httpx.Response:
        return _valid(await self.call("GET", path, who=who, **more))

    async def lookup(self, body: Any, *, who: str = "agent") -> httpx.Response:
        return _valid(await self.post("/v1/context/lookup", body, who=who))

    def bind(self, who: str, customer_id: object) -> None:
        """Add a caller whose token is for one customer only."""
        scopes = ["context:read", "pii:read"]
        self.keys[who] = self.issuer.bound_token(TENANT, customer_id, scopes)

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.service.database.run(work, *args, **kwargs)

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        return await rows_of(self.service.database, statement, **parameters)

    async def tick(self, timer: str) -> bool:
        """Run one round of a timer; return whether it found something to do."""
        loop = self.service.components[f"timer:{timer}"]
        assert isinstance(loop, Loop)
        return await loop.round() == 0


@asynccontextmanager
async def running(dsn: str, **more: Any) -> AsyncIterator[Api]:
    """Run the service on that database; ``more`` replaces or adds groups of settings."""
    identity = FakeIdentity()
    issuer = Issuer("threadline:tests")
    service = build(_settings(dsn, issuer, **more), identity=identity.client())
    async with (
        running_service(service),
        http_client(service.api, run_lifespan=False) as client,
    ):
        keys = {
            who: await new_key(service, scopes=scopes, tenant=tenant)
            for who, (tenant, scopes) in CALLERS.items()
        }
        yield Api(service, identity, client, keys, issuer)


def _settings(dsn: str, issuer: Issuer, **more: Any) -> InteractionsSettings:
    groups: dict[str, Any] = {
        "auth": {"pepper": "p" * 32, "environment": "test", "issuers": [issuer.trusted()]},
        "sealing": {"keys": {"k1": new_sealing_key()}, "current": "k1"},
        "inbound_tenant": TENANT,
    }
    return service_settings(InteractionsSettings, dsn, **(groups | more))


def _valid(response: httpx.Response) -> httpx.Response:
    """Check a response against its model: Postgres writes it, so the API itself does not."""
    if response.status_code == httpx.codes.OK:
        _model_of(response.request.url.path).model_validate_json(response.content)
    return response


def _model_of(path: str) -> type[ResponseModel]:
    if path == "/v1/changes":
        return ChangesResponse
    return TimelineResponse if path.endswith("/timeline") else ContextResponse
