"""A service under test: with its own database, without Kafka, called in process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from common.runtime import HttpServer, run_components
from common.service import Service
from common.settings import ServiceSettings, TrustedIssuer
from common.web.auth import (
    AUDIENCE,
    CreateKey,
    ServiceTokens,
    create_key,
    insert_key,
    registered_scopes,
)
from devstack.testing.http import http_client
from devstack.testing.wait import until

S = TypeVar("S", bound=ServiceSettings)

TOKEN_SECONDS = 300


RECEIPT_KEY = ServiceTokens.generate_key()


def service_settings(kind: type[S], dsn: str, **more: Any) -> S:
    """Return settings for a test; ``more`` replaces or adds whole groups, such as ``timer``.

    Nothing listens at the broker's address: tests pass events in themselves.
    """
    privacy = {"deny_secret": "d" * 32, "receipt_key": RECEIPT_KEY, "services": []}
    return kind.model_validate(
        {
            **({"privacy": privacy} if "privacy" in kind.model_fields else {}),
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
async def running_service(service: Service) -> AsyncIterator[Service]:
    """Open a service that was built, and close it at the end; its components do not run."""
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


class Issuer:
    """An issuer with an Ed25519 key (a private JWK), a new one unless a key is passed."""

    def __init__(self, name: str, key: SecretStr | None = None) -> None:
        self._name = name
        self._key = key or SecretStr(ServiceTokens.generate_key())

    def trusted(self) -> TrustedIssuer:
        """Return the setting by which a service trusts this issuer."""
        jwks = ServiceTokens.public_jwks(self._key)
        return TrustedIssuer(
            issuer=self._name, audience=AUDIENCE, scopes=registered_scopes(), jwks=jwks
        )

    def bound_token(self, tenant: str, customer_id: object, scopes: Iterable[str]) -> str:
        """Return a token for one customer, such as a chat widget holds."""
        key = OKPKey.import_key(json.loads(self._key.get_secret_value()))
        key.ensure_kid()
        now = int(time.time())
        claims = {
            "iss": self._name,
            "aud": AUDIENCE,
            "sub": "widget",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "tenant_id": tenant,
            "scope": " ".join(scopes),
            "customer_id": str(customer_id),
        }
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=["Ed25519"])


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
