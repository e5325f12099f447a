"""The context's API alone, on a database of its own, with keys for callers of different rights."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from joserfc import jwt
from pydantic import SecretStr

from common.db import Database, DatabaseClock, Horizon
from common.settings import AuthSettings, HttpSettings, PostgresSettings, TrustedIssuer
from common.web import AppState, build_app
from common.web.auth import CreateKey, ServiceTokens, create_key, insert_key
from common.web.auth.service_tokens import read_private_key
from common.web.requests import ResponseModel
from devstack.testing.http import http_client
from interactions.context.http import change_feed, context, timeline
from interactions.context.http.schemas import (
    ChangesResponse,
    ContextResponse,
    TimelineResponse,
)
from interactions.context.http.state import ContextState
from interactions.settings import ContextSettings

PEPPER = SecretStr("p" * 40)


@dataclass
class FakeIdentity:
    """Identity as the API sees it: it knows somebody, or nobody, or is away."""

    answer: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def find_customer(
        self, tenant_id: str, identifier: Mapping[str, Any], *, deadline_seconds: float
    ) -> UUID | None:
        assert tenant_id
        assert deadline_seconds < 1
        self.asked.append(dict(identifier))
        if isinstance(self.answer, Exception):
            raise self.answer
        found: UUID | None = self.answer
        return found


@dataclass
class ContextApi:
    database: Database
    app: Any
    identity: FakeIdentity
    keys: dict[str, str]
    client: httpx.AsyncClient

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"}

    async def get(self, path: str, *, who: str = "agent", **given: Any) -> httpx.Response:
        headers = self.headers(who) | given.pop("headers", {})
        return _valid(await self.client.get(path, headers=headers, **given))

    async def lookup(self, body: Any, *, who: str = "agent") -> httpx.Response:
        headers = self.headers(who)
        return _valid(await self.client.post("/v1/context/lookup", json=body, headers=headers))

    async def run(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.database.run(work, *args, **kwargs)


def _valid(response: httpx.Response) -> httpx.Response:
    """Check a response against its model: Postgres writes it, so the API itself does not."""
    if response.status_code == 200:
        _model_of(response.request.url.path).model_validate_json(response.content)
    return response


def _model_of(path: str) -> type[ResponseModel]:
    if path == "/v1/changes":
        return ChangesResponse
    return TimelineResponse if path.endswith("/timeline") else ContextResponse


@asynccontextmanager
async def context_api(
    dsn: str, *, bound_to: Any = None, **options: Any
) -> AsyncIterator[ContextApi]:
    """Give the API; its callers are agent, blind (no pii:read), other (tenant), weak, bound."""
    database = Database(
        PostgresSettings(dsn=SecretStr(dsn), pool_timeout_seconds=5.0), service="interactions"
    )
    clock = DatabaseClock(database, service="interactions")
    signing_key = ServiceTokens.generate_key()
    issuer = TrustedIssuer(
        issuer="threadline:tests",
        audience="threadline",
        jwks=ServiceTokens.public_jwks(SecretStr(signing_key)),
    )
    identity = FakeIdentity()
    state = AppState(
        service="interactions",
        database=database,
        clock=clock,
        http=HttpSettings(cursor_secret=SecretStr("c" * 40)),
        auth=AuthSettings(pepper=PEPPER, issuers=(issuer,)),
    )
    state.parts[ContextState] = ContextState(
        database=database,
        clock=clock,
        horizon=Horizon(database, "interaction_sequence"),
        identity=identity,
        settings=ContextSettings(**options),
    )
    routers = [context.router, timeline.router, change_feed.router]
    app = build_app(title="Contexts", routers=routers, state=state)
    keys = await _keys(database, clock)
    if bound_to is not None:
        keys["bound"] = _bound_token(signing_key, bound_to)
    async with http_client(app) as client:
        yield ContextApi(database, app, identity, keys, client)
    await database.close()


async def _keys(database: Database, clock: DatabaseClock) -> dict[str, str]:
    rights = {
        "agent": ("demo", ["context:read", "pii:read"]),
        "blind": ("demo", ["context:read"]),
        "weak": ("demo", ["sla:read"]),
        "other": ("other", ["context:read", "pii:read"]),
    }
    plain = {}
    for who, (tenant_id, scopes) in rights.items():
        command = CreateKey(tenant_id=tenant_id, name=who, scopes=scopes)
        plain[who], row = create_key(command, pepper=PEPPER, now=clock.now())
        await database.run(insert_key, row, now=clock.now())
    return plain


def _bound_token(signing_key: str, customer_id: Any) -> str:
    key = read_private_key(SecretStr(signing_key))
    now = int(time.time())
    claims = {
        "iss": "threadline:tests",
        "aud": "threadline",
        "sub": "bot",
        "iat": now,
        "exp": now + 300,
        "tenant_id": "demo",
        "scope": "context:read pii:read",
        "customer_id": str(customer_id),
    }
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
    return jwt.encode(header, claims, key, algorithms=["Ed25519"])
