"""The whole service as wired, without Kafka: its API called in process, its timers by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text

from common.runtime import Loop
from common.service import Service
from common.settings import AuthSettings, HttpSettings, KafkaSettings, PostgresSettings
from common.web.auth import CreateKey, ServiceTokens, create_key, insert_key
from devstack.testing.http import http_client
from interactions.channels.kit.sealing import new_key
from interactions.settings import InteractionsSettings, SealingSettings
from interactions.wiring import build
from services.interactions.tests.identity_fake import FakeIdentity

PEPPER = SecretStr("p" * 40)
RIGHTS = {
    "writer": ("demo", ["interactions:write", "context:read", "pii:read"]),
    "reader": ("demo", ["context:read"]),
    "other": ("other", ["interactions:write", "context:read", "pii:read"]),
}


@dataclass
class Running:
    service: Service
    identity: FakeIdentity
    client: httpx.AsyncClient
    keys: dict[str, str]

    async def call(
        self, method: str, path: str, body: Any = None, *, who: str = "writer", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} | more.pop("headers", {})
        return await self.client.request(method, path, json=body, headers=headers, **more)

    async def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return await self.call("POST", path, body, **more)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async def query(connection: Any) -> list[Any]:
            return list(await connection.execute(text(statement), values))

        return await self.service.database.read(query)

    async def tick(self, timer: str) -> bool:
        """Run one round of a timer; return whether it found something to do."""
        loop = self.service.components[f"timer:{timer}"]
        assert isinstance(loop, Loop)
        return await loop.round() == 0


@asynccontextmanager
async def running(dsn: str, **settings: Any) -> AsyncIterator[Running]:
    """Run the service on the database of ``dsn``."""
    identity = FakeIdentity()
    service = build(_settings(dsn, **settings), identity=identity.client())
    await service.open()
    keys = {}
    for who, (tenant_id, scopes) in RIGHTS.items():
        command = CreateKey(tenant_id=tenant_id, name=who, scopes=scopes)
        keys[who], row = create_key(command, pepper=PEPPER, now=service.clock.now())
        await service.database.run(insert_key, row, now=service.clock.now())
    try:
        async with http_client(service.api) as client:
            yield Running(service, identity, client, keys)
    finally:
        await service.close()


def _settings(dsn: str, **more: Any) -> InteractionsSettings:
    values: dict[str, Any] = {
        "postgres": PostgresSettings(dsn=SecretStr(dsn), pool_timeout_seconds=10.0),
        "kafka": KafkaSettings(bootstrap="127.0.0.1:1"),
        "auth": AuthSettings(pepper=PEPPER, service_key=SecretStr(ServiceTokens.generate_key())),
        "http": HttpSettings(cursor_secret=SecretStr("c" * 40)),
        "sealing": SealingSettings(keys={"k1": SecretStr(new_key())}, current="k1"),
        "inbound_tenant": "demo",
    }
    return InteractionsSettings(**(values | more))
