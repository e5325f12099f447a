"""Who gets in, as a caller sees it over HTTP."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import joserfc.jwt
import pytest
from fastapi import APIRouter
from pydantic import SecretStr
from starlette.responses import Response

from common.errors import UnavailableError
from common.settings import TrustedIssuer
from common.web import build_app, public, requires
from common.web.auth import (
    Caller,
    ServiceTokens,
    authentication,
    credentials,
    key_cache,
    registered_scopes,
)
from common.web.auth.api_keys import Environment, parse_key
from common.web.auth.jwt import JwtVerifier
from common.web.auth.key_cache import KeyCache
from common.web.responses import json_answer
from devstack.testing.fake_clock import NOON
from libs.common.tests.unit.web.plumbing import AUTH, World, world

router = APIRouter()


@router.get("/mine")
async def mine(caller: Annotated[Caller, requires("context:read")]) -> Response:
    return json_answer({"tenant": caller.tenant_id, "pii": caller.sees_pii})


@router.get("/open", dependencies=[public("health of a partner")])
async def everybody() -> Response:
    return json_answer({})


def world_that_trusts_sla() -> tuple[World, ServiceTokens]:
    """Return an application that trusts the tokens of sla, and what makes them."""
    key = SecretStr(ServiceTokens.generate_key())
    issuer = TrustedIssuer(
        issuer="threadline:sla",
        audience="threadline",
        scopes=registered_scopes(),
        jwks=ServiceTokens.public_jwks(key),
    )
    trusting = world(router, auth=AUTH.model_copy(update={"issuers": (issuer,)}))
    return trusting, ServiceTokens(service="sla", key=key)


@pytest.fixture
def there() -> World:
    return world(router)


def key_id(plaintext: str) -> str:
    parts = parse_key(plaintext)
    assert parts is not None
    return parts.key_id


async def test_the_tenant_comes_from_the_credential_only(there: World):
    key = there.keys.add(there.clock, tenant_id="b", scopes=["context:read"])
    async with there.client(key) as client:
        answer = await client.get("/mine", headers={"X-Tenant-Id": "a"})
        assert answer.json() == {"tenant": "b", "pii": False}
        assert (await client.get("/mine?tenant_id=a")).status_code == 422
        assert (await client.get("/open")).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Basic YTpi", "Bearer tl_live_x", "Bearer a.b.c", "tl_live_x",
        "Bearer \xff\xfe", "Bearer " + "x" * 9_000, "Bearer null", "Bearer tl_live_" + "a" * 51,
    ],
)  # fmt: skip
async def test_garbage_is_401_with_a_challenge_and_asks_no_database(there: World, header: str):
    async with there.client() as client:
        answer = await client.get("/mine", headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert there.keys.reads == 0


async def test_two_credentials_are_one_too_many(there: World):
    key = there.keys.add(there.clock)
    async with there.client() as client:
        headers = [("Authorization", f"Bearer {key}"), ("Authorization", "Bearer x")]
        assert (await client.get("/mine", headers=headers)).status_code == 400


@pytest.mark.parametrize(
    "change", ["unknown", "revoked", "expired", "wrong secret", "test key", "other environment"]
)
async def test_a_key_that_is_no_good_is_401_whatever_the_reason(there: World, change: str):
    environment: Environment = "test" if change == "other environment" else "live"
    key = there.keys.add(there.clock, environment=environment)
    row = there.keys.rows.pop(key_id(key))
    changed = {
        "revoked": replace(row, revoked_at=NOON),
        "expired": replace(row, expires_at=NOON - timedelta(seconds=1)),
        "wrong secret": replace(row, digest=bytes(32)),
        "test key": replace(row, environment="test"),
        "other environment": row,
    }
    if change in changed:
        there.keys.rows[row.key_id] = changed[change]
    async with there.client(key) as client:
        answer = await client.get("/mine")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "invalid credential"


async def test_a_token_of_a_trusted_service_gets_in_for_its_tenant_only(there: World):
    trusting, tokens = world_that_trusts_sla()
    async with trusting.client() as client:
        for tenant in ("a", "b", "a"):
            headers = tokens.headers(tenant, scope="context:read")
            assert (await client.get("/mine", headers=headers)).json()["tenant"] == tenant
        narrow = tokens.headers("a", scope="sla:read")
        assert (await client.get("/mine", headers=narrow)).status_code == 403
        forged = {"Authorization": tokens.headers("a", scope="sla:read")["Authorization"] + "x"}
        assert (await client.get("/mine", headers=forged)).status_code == 401
    async with there.client() as client:
        stranger = tokens.headers("a", scope="context:read")
        assert (await client.get("/mine", headers=stranger)).status_code == 401


async def test_a_missing_scope_is_403(there: World):
    async with there.client(there.keys.add(there.clock, scopes=["sla:read"])) as client:
        assert (await client.get("/mine")).status_code == 403


async def test_a_flood_of_failures_is_429_but_good_neighbours_go_on(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(authentication, "FAILURES_PER_MINUTE", 20)
    there = world(router)
    good = there.keys.add(there.clock)
    async with there.client(good) as client:
        assert (await client.get("/mine")).status_code == 200
        bad = {"Authorization": "Bearer tl_live_nonsense"}
        statuses = [(await client.get("/mine", headers=bad)).status_code for _ in range(25)]
        assert (statuses[0], statuses[-1]) == (401, 429)
        unknown = {"Authorization": f"Bearer {there.keys.add(there.clock)}"}
        assert (await client.get("/mine", headers=unknown)).status_code == 429
        assert (await client.get("/mine")).status_code == 200


async def test_a_flood_of_failures_spares_keys_and_issuers_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(authentication, "FAILURES_PER_MINUTE", 20)
    monkeypatch.setattr(key_cache, "POSITIVE_SECONDS", 0.0)
    there, tokens = world_that_trusts_sla()
    good = there.keys.add(there.clock)
    headers = tokens.headers("a", scope="context:read")
    async with there.client(good) as client:
        assert (await client.get("/mine")).status_code == 200
        bad = {"Authorization": "Bearer tl_live_nonsense"}
        statuses = [(await client.get("/mine", headers=bad)).status_code for _ in range(25)]
        assert statuses[-1] == 429
        assert (await client.get("/mine")).status_code == 200
        assert (await client.get("/mine", headers=headers)).status_code == 200
        guessed = {"Authorization": f"Bearer {good[:-8]}aaaaaaaa"}
        assert (await client.get("/mine", headers=guessed)).status_code in {401, 429}


async def test_asking_without_a_credential_is_no_failure(
    there: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(authentication, "FAILURES_PER_MINUTE", 1)
    async with there.client() as client:
        assert {(await client.get("/mine")).status_code for _ in range(5)} == {401}


async def test_a_quota_used_up_is_429_with_the_headers_of_the_draft(there: World):
    small = world(router, http=there.state.http.model_copy(update={"rate_limit_per_minute": 2}))
    async with small.client(small.keys.add(small.clock)) as client:
        answers = [await client.get("/mine") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused = answers[2]
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit"].startswith('"default";r=0;t=')
    assert refused.headers["ratelimit-policy"] == '"default";q=2;w=60'
    assert refused.json()["type"].endswith("#quota-exceeded")
    assert refused.json()["violated-policies"] == ["default"]


@pytest.mark.parametrize("query", ["api_key=x", "a=1&API_KEY=x", "access_token=x", "x=tl_live_abc"])
async def test_a_key_in_the_url_is_400_and_not_logged(
    there: World, query: str, capsys: pytest.CaptureFixture[str]
):
    async with there.client() as client:
        assert (await client.get(f"/mine?{query}")).status_code == 400
    assert "tl_live" not in "".join(capsys.readouterr())


def test_a_route_without_a_declared_scope_is_not_built(there: World):
    careless = APIRouter()

    @careless.get("/careless")
    async def careless_route() -> Response:
        return json_answer({})

    with pytest.raises(ValueError, match="/careless"):
        build_app(title="x", routers=[careless], state=there.state)


def test_a_route_cannot_require_a_scope_that_does_not_exist(there: World):
    eager = APIRouter()

    @eager.get("/eager")
    async def eager_route(_caller: Annotated[Caller, requires("context:everything")]) -> Response:
        return json_answer({})

    with pytest.raises(ValueError, match="unknown scope"):
        build_app(title="x", routers=[eager], state=there.state)


async def test_bound_callers_reach_their_customer_only_and_only_where_allowed():
    one, other = UUID(int=1), UUID(int=2)
    caller = Caller("demo", "jwt:x:y", frozenset({"context:read"}), bound_to=one)
    caller.check_reach(other, one, what="customer")
    with pytest.raises(Exception, match="no such customer"):
        caller.check_reach(other, what="customer")
    Caller("demo", "key:x", frozenset()).check_reach(other, what="customer")


class Store:
    """Rows for a cache to load, slowly or not at all."""

    def __init__(self, row: object) -> None:
        self.row = row
        self.loads = 0
        self.away = False

    async def __call__(self, _key_id: str) -> object:
        self.loads += 1
        await asyncio.sleep(0)
        if self.away:
            raise UnavailableError("away")
        return self.row


async def test_the_cache_asks_once_for_many_and_forgets_in_time(there: World):
    there.keys.add(there.clock)
    row, now = next(iter(there.keys.rows.values())), [0.0]
    store = Store(row)
    cache = KeyCache(store, time=lambda: now[0])  # type: ignore[arg-type]
    assert await asyncio.gather(*(cache.get("a") for _ in range(100))) == [row] * 100
    assert store.loads == 1
    now[0] = 4.9
    await cache.get("a")
    assert store.loads == 1
    now[0], store.row = 5.0, None
    assert await cache.get("a") is None
    now[0] = 5.9
    assert await cache.get("a") is None
    assert store.loads == 2
    now[0], store.row = 6.1, row
    assert await cache.get("a") is row


async def test_a_known_key_goes_on_while_the_database_is_away_for_a_while(there: World):
    there.keys.add(there.clock)
    row, now = next(iter(there.keys.rows.values())), [0.0]
    store = Store(row)
    cache = KeyCache(store, time=lambda: now[0])  # type: ignore[arg-type]
    await cache.get("a")
    store.away, now[0] = True, 59.0
    assert await cache.get("a") is row
    with pytest.raises(UnavailableError):
        await cache.get("b")
    now[0] = 61.0
    with pytest.raises(UnavailableError):
        await cache.get("a")


async def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(key_cache, "MAX_ENTRIES", 10)
    cache = KeyCache(Store(None))  # type: ignore[arg-type]
    for number in range(100):
        await cache.get(str(number))
    assert len(cache._unknown) == 10


class Counted:
    """Counts the calls of a function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self.calls = 0
        real = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)


TRACED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}


@pytest.mark.parametrize("headers", [{}, TRACED], ids=["alone", "traced"])
async def test_a_request_parses_and_hashes_its_key_once(
    there: World, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    key = there.keys.add(there.clock)
    parsed = Counted(monkeypatch, credentials, "parse_key")
    hashed = Counted(monkeypatch, credentials, "digest_of")
    async with there.client(key) as client:
        for number in range(1, 3):
            assert (await client.get("/mine", headers=headers)).status_code == 200
            assert (parsed.calls, hashed.calls) == (number, number)


@pytest.mark.parametrize("headers", [{}, TRACED], ids=["alone", "traced"])
@pytest.mark.parametrize(("forged", "status"), [("", 200), ("x", 401)], ids=["good", "forged"])
async def test_a_request_parses_and_verifies_its_token_once(
    headers: dict[str, str], forged: str, status: int, monkeypatch: pytest.MonkeyPatch
):
    there, tokens = world_that_trusts_sla()
    token = tokens.token("a", scope="context:read")
    parsed = Counted(monkeypatch, JwtVerifier, "read")
    decoded = Counted(monkeypatch, joserfc.jwt, "decode")
    async with there.client(token + forged) as client:
        assert (await client.get("/mine", headers=headers)).status_code == status
    assert (parsed.calls, decoded.calls) == (1, 1)
