"""API keys in a real table: stored, used, revoked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import pytest
from fastapi import APIRouter
from starlette.responses import Response

from common.db import Database, wall_time
from common.errors import ConflictError
from common.web import Caller, build_app, requires
from common.web.app import AppState
from common.web.auth import CreateKey, create_key, insert_key, key_cache, list_keys, revoke_key
from common.web.auth.api_keys import KeyRow, find_key
from common.web.responses import json_answer
from devstack.testing.fake_clock import FakeClock
from devstack.testing.http import http_client
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import database, scalar
from libs.common.tests.unit.web.plumbing import AUTH, HTTP, PEPPER

router = APIRouter()


@router.get("/mine")
async def mine(caller: Annotated[Caller, requires("sla:read")]) -> Response:
    return json_answer({"tenant": caller.tenant_id})


@pytest.fixture
async def db(fresh_dsn: FreshDsn) -> AsyncIterator[Database]:
    opened = database(fresh_dsn("common"))
    yield opened
    await opened.close()


async def stored(db: Database, **changes: Any) -> tuple[str, KeyRow]:
    command = replace(CreateKey(tenant_id="demo", name="t", scopes=["sla:read"]), **changes)
    plaintext, row = create_key(command, pepper=PEPPER, now=wall_time())
    await db.run(insert_key, row, now=row.created_at)
    return plaintext, row


async def test_a_key_is_stored_without_its_secret(db: Database):
    plaintext, row = await stored(db)
    assert await db.read(find_key, row.key_id) == row
    assert await db.read(list_keys) == [row]
    dump = await db.read(scalar, "SELECT row_to_json(api_key)::text FROM api_key")
    assert plaintext[21:53] not in str(dump)
    assert await db.read(find_key, "nobody") is None


async def test_storing_again_changes_nothing_but_another_secret_is_a_conflict(db: Database):
    _, row = await stored(db)
    await db.run(insert_key, row, now=row.created_at)
    for other in (replace(row, digest=bytes(32)), replace(row, tenant_id="other")):
        with pytest.raises(ConflictError):
            await db.run(insert_key, other, now=row.created_at)
    assert await db.read(find_key, row.key_id) == row


async def test_a_revoked_key_stops_working_in_time(db: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(key_cache, "POSITIVE_SECONDS", 0.2)
    clock = FakeClock(wall_time())
    state = AppState(service="t", database=db, clock=clock, http=HTTP, auth=AUTH)
    app = build_app(title="T", routers=[router], state=state)
    plaintext, row = await stored(db)
    async with http_client(app, headers={"Authorization": f"Bearer {plaintext}"}) as client:

        async def status() -> int:
            return (await client.get("/mine")).status_code

        assert await status() == 200
        assert await db.run(revoke_key, row.key_id, now=clock.now())
        assert not await db.run(revoke_key, row.key_id, now=clock.now())

        async def refused() -> bool:
            return await status() == 401

        await until(refused, within=2)

        async def noted() -> Any:
            return await db.read(scalar, "SELECT last_used_on FROM api_key")

        assert await until(noted) == clock.now().date()


async def test_a_key_made_a_moment_ago_works_within_a_second(
    db: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(key_cache, "NEGATIVE_SECONDS", 0.1)
    state = AppState(service="t", database=db, clock=FakeClock(wall_time()), http=HTTP, auth=AUTH)
    app = build_app(title="T", routers=[router], state=state)
    command = CreateKey(tenant_id="demo", name="t", scopes=["sla:read"])
    plaintext, row = create_key(command, pepper=PEPPER, now=wall_time())
    async with http_client(app, headers={"Authorization": f"Bearer {plaintext}"}) as client:
        assert (await client.get("/mine")).status_code == 401
        await db.run(insert_key, row, now=wall_time())
        await asyncio.sleep(0.15)
        assert (await client.get("/mine")).status_code == 200
