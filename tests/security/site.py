"""The product in this process, on its own databases, with two unrelated tenants."""

import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging import Stream
from common.runtime import Loop
from common.service import Service
from common.telemetry import logs
from common.web.auth import CreateKey, ServiceTokens, create_key, insert_key, revoke_key
from devstack.stack.credentials import Credentials
from devstack.stack.services import build_services
from devstack.testing.services import running_feeds, running_service
from interactions.history.clients.identity import HttpIdentity
from interactions.history.consumers.inbound import Inbound
from interactions.history.usecases.resolve_contacts import Deadline, Resolver
from interactions.settings import InteractionsSettings
from interactions.wiring import build as build_interactions
from tests.security.courier import Carrier
from tests.security.operations import Operation
from tests.security.raw_client import Answer, call

ALPHA, BETA = "alpha", "beta"


class Road(httpx.ASGITransport):
    """The way from interactions to identity, in this process; ``closed``, identity is away."""

    closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.closed:
            raise httpx.ConnectError("the road to identity is closed")
        return await super().handle_async_request(request)


@dataclass
class Site:
    """The running services; ``heard`` holds each tenant's answers, ``log`` the operator's view."""

    services: dict[str, Service]
    credentials: Credentials
    carrier: Carrier
    road: Road
    heard: dict[str, list[str]] = field(default_factory=lambda: {ALPHA: [], BETA: []})
    log: io.StringIO = field(default_factory=io.StringIO)
    _keys: dict[tuple[str, frozenset[str]], str] = field(default_factory=dict)

    async def key(self, tenant: str, scopes: Sequence[str]) -> str:
        """Return a key of ``tenant`` with exactly these scopes, valid at all three services."""
        wanted = tenant, frozenset(scopes)
        if wanted not in self._keys:
            self._keys[wanted] = await self.new_key(tenant, scopes)
        return self._keys[wanted]

    async def new_key(
        self,
        tenant: str,
        scopes: Sequence[str],
        *,
        lives: timedelta | None = None,
        stored: bool = True,
        revoked: bool = False,
    ) -> str:
        """Make a key. Empty ``scopes``, which the product never issues, are stored as they are."""
        now = self.services["identity"].clock.now()
        wanted = CreateKey(
            tenant_id=tenant,
            name="security",
            scopes=list(scopes) or ["context:read"],
            environment="test",
            expires_at=None if lives is None else now + lives,
        )
        pepper = SecretStr(self.credentials.pepper)
        plaintext, row = create_key(wanted, pepper=pepper, now=now)
        row = replace(row, scopes=tuple(sorted(scopes)))
        for service in self.services.values() if stored else ():
            await service.database.run(insert_key, row, now=now)
            if revoked:
                await service.database.run(revoke_key, row.key_id, now=now)
        return plaintext

    async def call(
        self,
        service: str,
        method: str,
        target: str,
        *,
        by: str,
        key: str | None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """Call as tenant ``by``, and keep the answer in ``heard``."""
        shown = {} if key is None else {"authorization": f"Bearer {key}"}
        app = self.services[service].api
        answer = await call(app, method, target, headers=shown | dict(headers or {}), **more)
        self.heard[by].append(answer.text())
        return answer

    async def ask(self, operation: Operation, target: str, **more: Any) -> Answer:
        return await self.call(operation.service, operation.method, target, **more)

    async def erase(self) -> None:
        """Do all steps of the erasures that are due, and carry what the services report."""
        await self.finish("maintenance:erase")
        await self.carrier.carry()

    async def finish(self, name: str) -> None:
        """Run the loop of this name until nothing is left to do, in each service that has it."""
        for service in self.services.values():
            loop = service.components.get(name)
            if loop is not None:
                assert isinstance(loop, Loop)
                while not await loop.round():
                    pass

    def take_log(self) -> str:
        """Return the log since the last call."""
        taken = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        return taken

    def reader(self, topic: str) -> tuple[Service, Stream]:
        """Return the first service that reads a topic, and its stream."""
        reader, *_ = [
            (service, stream)
            for service in self.services.values()
            for stream in service.streams.values()
            if stream.topic == topic
        ]
        return reader

    def inbound_of(self, tenant: str) -> tuple[Service, Stream]:
        """Return interactions, and its inbound stream as configured for ``tenant``.

        The tenant of that topic is a setting; what a record says of its tenant counts for nothing.
        """
        service = self.services["interactions"]
        settings = service.settings
        assert isinstance(settings, InteractionsSettings)
        inbound = Inbound(
            Resolver(service.database, _identity_over(self.road, self.credentials)),
            tenant_id=tenant,
            clock=service.clock,
            deadline=Deadline(settings.identity.patient_deadline_seconds, 0.0),
            window=settings.thread_window,
            default_region=settings.default_region,
        )
        return service, inbound.stream()

    async def metrics(self) -> str:
        return (await call(self.services["identity"].api, "GET", "/metrics")).text()

    async def rows(self, tenant: str | None = None) -> dict[str, Any]:
        """Return the number of rows and a checksum for every table, of ``tenant`` alone if given.

        The table of keys is left out, because a key records the day of its last use.
        """
        checksums = {}
        for name, service in self.services.items():
            for table, *sums in await service.database.snapshot(_sums, tenant):
                checksums[f"{name}.{table}"] = tuple(sums)
        return checksums


@asynccontextmanager
async def open_site(dsns: Mapping[str, str], credentials: Credentials) -> AsyncIterator[Site]:
    """Build the services as the embedded stack does, and call identity within the process."""
    built = build_services(dsns=dsns, bootstrap="127.0.0.1:1", credentials=credentials, port=1)
    road = Road(built.identity.api)
    settings = built.interactions.settings
    assert isinstance(settings, InteractionsSettings)
    # A test machine may be too busy for the usual deadline.
    patient = settings.identity.model_copy(update={"deadline_seconds": 10.0})
    settings = settings.model_copy(update={"identity": patient})
    interactions = build_interactions(settings, identity=_identity_over(road, credentials))
    services = {s.name: s for s in (built.identity, interactions, built.sla)}
    async with AsyncExitStack() as opened:
        for service in services.values():
            await opened.enter_async_context(running_service(service))
            await opened.enter_async_context(running_feeds(service))
            await opened.enter_async_context(service.api.router.lifespan_context(service.api))
        yield Site(services, credentials, Carrier(services), road)


def _identity_over(road: Road, credentials: Credentials) -> HttpIdentity:
    """Return the client of identity that interactions calls with."""
    client = httpx.AsyncClient(transport=road, base_url="http://identity")
    key = SecretStr(credentials.service_key)
    return HttpIdentity(client, ServiceTokens(service="interactions", key=key))


@asynccontextmanager
async def listening(site: Site) -> AsyncIterator[None]:
    """Write the log at all levels to ``site.log``."""
    logs.configure(level="DEBUG", stream=site.log)
    try:
        yield
    finally:
        logs.configure(level="WARNING")


TABLES = """
    SELECT c.relname, EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname NOT IN ('api_key', 'alembic_version')
    ORDER BY c.relname
"""
SUMS = (
    "SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)"
    ' FROM "{table}" AS t{where}'
)


async def _sums(connection: AsyncConnection, tenant: str | None) -> list[Any]:
    tables = (await connection.execute(text(TABLES))).all()
    wanted = [name for name, has_tenant in tables if has_tenant or tenant is None]
    where = "" if tenant is None else " WHERE tenant_id = :tenant"
    sums = " UNION ALL ".join(SUMS.format(table=name, where=where) for name in wanted)
    bound = {} if tenant is None else {"tenant": tenant}
    return list(await connection.execute(text(sums), bound))
