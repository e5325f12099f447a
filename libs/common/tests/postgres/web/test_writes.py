"""Writes over HTTP on a real Postgres: once, all or nothing, whoever goes away."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from common.db import Database, wall_time
from common.errors import ConflictError
from common.runtime import tasks
from common.web import Caller, WriterDep, build_app, requires
from common.web.app import AppState
from common.web.auth import CreateKey, create_key, insert_key, registered_scopes
from common.web.requests import RequestModel, json_body
from common.web.writes import purge, writer
from common.web.writes.idempotency import MAX_KEPT_BYTES
from devstack.testing.fake_clock import FakeClock
from devstack.testing.http import http_client
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import database, scalar
from libs.common.tests.unit.web.plumbing import AUTH, HTTP, PEPPER


class Note(RequestModel):
    text: str
    parent: int | None = None


gate = asyncio.Event()
gate.set()


async def take_note(tx: AsyncConnection, note: Note, *, now: datetime) -> int:
    inserted = await tx.execute(
        text("INSERT INTO note (text, parent) VALUES (:text, :parent) RETURNING id"),
        {"text": note.text, "parent": note.parent},
    )
    number: int = inserted.scalar_one()
    if note.text == "refused":
        raise ConflictError("not now")
    await gate.wait()
    return number


def answer(number: int) -> tuple[int, Any, dict[str, str]]:
    return 201, {"id": number}, {"ETag": f'"v{number}"'}


router = APIRouter()
Writing = Annotated[Caller, requires("identity:write")]


@router.post("/notes")
async def post_note(
    caller: Writing, write: WriterDep, body: Annotated[Note, json_body(Note)]
) -> Response:
    return await write(take_note, body, answer=answer)


@router.post("/other-notes")
async def post_other(
    caller: Writing, write: WriterDep, body: Annotated[Note, json_body(Note)]
) -> Response:
    return await write(take_note, body, answer=answer)


@router.post("/unserialisable")
async def post_bad(
    caller: Writing, write: WriterDep, body: Annotated[Note, json_body(Note)]
) -> Response:
    return await write(take_note, body, answer=lambda _: (201, {"x": object()}))


@router.post("/large")
async def post_large(
    caller: Writing, write: WriterDep, body: Annotated[Note, json_body(Note)]
) -> Response:
    def large(number: int) -> tuple[int, Any]:
        return 201, {"id": number, "padding": "x" * MAX_KEPT_BYTES}

    return await write(take_note, body, answer=large)


@router.post("/twice")
async def post_twice(
    caller: Writing, write: WriterDep, body: Annotated[Note, json_body(Note)]
) -> Response:
    await write(take_note, body, answer=answer)
    return await write(take_note, body, answer=answer)


@router.delete("/notes/{number}")
async def drop_note(number: int, caller: Writing, write: WriterDep) -> Response:
    async def drop(tx: AsyncConnection, number: int, *, now: datetime) -> None:
        await tx.execute(text("DELETE FROM note WHERE id = :id"), {"id": number})

    return await write(drop, number, answer=lambda _: (204, None))


class Site:
    """The application, its database, and clients with keys of their own."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.state = AppState(
            service="notes", database=db, clock=_WallClock(), http=HTTP, auth=AUTH
        )
        self.app = build_app(title="Notes", routers=[router], state=self.state)

    async def key(self, **changes: Any) -> str:
        command = replace(
            CreateKey(tenant_id="demo", name="t", scopes=tuple(registered_scopes())), **changes
        )
        plaintext, row = create_key(command, pepper=PEPPER, now=wall_time())
        await self.db.run(insert_key, row, now=wall_time())
        return plaintext

    async def post(self, client: httpx.AsyncClient, key: str | None = None, *, path: str = "/notes",
                   **body: Any) -> httpx.Response:  # fmt: skip
        headers = {} if key is None else {"Idempotency-Key": key}
        return await client.post(path, json={"text": "hello"} | body, headers=headers)

    async def count(self, table: str = "note") -> Any:
        return await self.db.read(scalar, f"SELECT count(*) FROM {table}")


class _WallClock(FakeClock):
    def now(self) -> datetime:
        return wall_time()


@pytest.fixture
async def site(fresh_dsn: FreshDsn) -> AsyncIterator[Site]:
    db = database(fresh_dsn("common"), pool_size=10)

    async def make(tx: AsyncConnection) -> None:
        await tx.execute(text(
            "CREATE TABLE note (id serial PRIMARY KEY, text text NOT NULL,"
            " parent int REFERENCES note DEFERRABLE INITIALLY DEFERRED)"
        ))  # fmt: skip

    await db.run(make)
    gate.set()
    yield Site(db)
    await tasks.drain(within_seconds=5)
    await db.close()


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(
        site.app, headers={"Authorization": f"Bearer {await site.key()}"}
    ) as client:
        yield client


async def test_a_write_is_answered_after_its_commit(site: Site, client: httpx.AsyncClient):
    made = await site.post(client)
    assert (made.status_code, made.json()["id"], made.headers["etag"]) == (201, 1, '"v1"')
    assert await site.count() == 1
    gone = await client.delete("/notes/1")
    assert (gone.status_code, gone.content) == (204, b"")


async def test_a_request_writes_once(site: Site, client: httpx.AsyncClient):
    assert (await site.post(client, path="/twice")).status_code == 500


async def test_a_commit_that_fails_is_no_201(site: Site, client: httpx.AsyncClient):
    refused = await site.post(client, "k", parent=4711)
    assert refused.status_code == 500
    assert "hello" not in refused.text
    assert (await site.count(), await site.count("idempotency")) == (0, 0)


async def test_an_answer_that_cannot_be_written_down_undoes_the_work(
    site: Site, client: httpx.AsyncClient
):
    assert (await site.post(client, path="/unserialisable")).status_code == 500
    assert await site.count() == 0


async def test_a_repeat_gets_the_first_answer(site: Site, client: httpx.AsyncClient):
    first, second = await site.post(client, "k"), await site.post(client, "k")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["etag"] == second.headers["etag"]
    assert second.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert await site.count() == 1


async def test_a_repeat_of_what_was_too_large_to_keep_says_so_and_writes_nothing(
    site: Site, client: httpx.AsyncClient
):
    first = await site.post(client, "k", path="/large")
    second = await site.post(client, "k", path="/large")
    digest = b64encode(sha256(first.content).digest()).decode()
    assert (first.status_code, second.status_code) == (201, 410)
    assert second.headers["content-type"] == "application/problem+json"
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json()["type"].endswith(":answer-not-kept")
    assert second.json()["first_status"] == 201
    assert second.json()["first_digest"] == f"sha-256=:{digest}:"
    assert await site.count() == 1
    longest: Any = await site.db.read(scalar, "SELECT max(length(body)) FROM idempotency")
    assert longest < 1_000


async def test_the_order_of_members_makes_no_other_request(site: Site, client: httpx.AsyncClient):
    headers = {"Idempotency-Key": "k", "content-type": "application/json"}
    for body in (b'{"text": "a", "parent": null}', b'{"parent":null,\n"text":"\\u0061"}'):
        assert (await client.post("/notes", content=body, headers=headers)).json() == {"id": 1}


async def test_a_key_used_for_another_request_is_422(site: Site, client: httpx.AsyncClient):
    await site.post(client, "k")
    other = await site.post(client, "k", text="other")
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert await site.count() == 1


async def test_keys_belong_to_route_credential_and_tenant(site: Site, client: httpx.AsyncClient):
    assert (await site.post(client, "k")).json() == {"id": 1}
    assert (await site.post(client, "k", path="/other-notes")).json() == {"id": 2}
    for number, changes in ((3, {}), (4, {"tenant_id": "other"})):
        headers = {"Authorization": f"Bearer {await site.key(**changes)}"}
        async with http_client(site.app, headers=headers) as stranger:
            assert (await site.post(stranger, "k")).json() == {"id": number}


async def test_twenty_at_once_with_one_key_are_one_effect(site: Site, client: httpx.AsyncClient):
    answers = await asyncio.gather(*(site.post(client, "k") for _ in range(20)))
    assert await site.count() == 1
    assert {a.status_code for a in answers} <= {201, 409}
    assert {a.json()["id"] for a in answers if a.status_code == 201} == {1}
    assert (await site.post(client, "k")).json() == {"id": 1}


async def test_a_write_that_takes_too_long_is_503_and_its_key_tells_how_it_ended(
    site: Site, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(writer, "DEADLINE_SECONDS", 0.1)
    gate.clear()
    late = await site.post(client, "k")
    assert late.status_code == 503
    assert int(late.headers["Retry-After"]) >= 1
    gate.set()
    await tasks.drain(within_seconds=5)
    again = await site.post(client, "k")
    assert (again.status_code, again.json()) == (201, {"id": 1})
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await site.count() == 1


async def test_a_second_attempt_while_the_first_runs_is_409(site: Site, client: httpx.AsyncClient):
    gate.clear()
    first = asyncio.create_task(site.post(client, "k"))
    await until(lambda: _locks(site))
    second = await site.post(client, "k")
    assert second.status_code == 409
    assert second.json()["type"].endswith("idempotency-in-progress")
    gate.set()
    assert (await first).status_code == 201


async def _locks(site: Site) -> Any:
    return await site.db.read(scalar, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")


async def test_a_failed_attempt_leaves_nothing_and_can_be_repeated(
    site: Site, client: httpx.AsyncClient
):
    for _ in range(2):
        assert (await site.post(client, "k", text="refused")).status_code == 409
    assert (await site.count(), await site.count("idempotency")) == (0, 0)
    assert (await site.post(client, "k")).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "caf\xe9", "a\x7fb"])
async def test_an_odd_key_is_400(site: Site, client: httpx.AsyncClient, key: str):
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    answer = await client.post("/notes", json={"text": "x"}, headers=headers)
    assert answer.status_code == 400
    assert await site.count() == 0


async def test_a_write_goes_on_when_its_client_has_gone(site: Site, client: httpx.AsyncClient):
    gate.clear()
    call = asyncio.create_task(site.post(client, "k"))
    await until(lambda: _locks(site))
    call.cancel()
    await asyncio.wait({call})
    gate.set()
    await until(lambda: _one_note(site))
    assert (await site.post(client, "k")).json() == {"id": 1}


async def _one_note(site: Site) -> bool:
    return bool(await site.count() == 1)


async def test_a_wider_view_is_not_repeated_to_a_narrower_one(site: Site):
    key = await site.key()
    async with http_client(site.app, headers={"Authorization": f"Bearer {key}"}) as client:
        await site.post(client, "k")

        async def narrow(tx: AsyncConnection) -> None:
            await tx.execute(text("UPDATE api_key SET scopes = '{identity:write}'"))

        await site.db.run(narrow)
        again = build_app(
            title="Notes",
            routers=[router],
            state=AppState(
                service="notes", database=site.db, clock=_WallClock(), http=HTTP, auth=AUTH
            ),
        )
    async with http_client(again, headers={"Authorization": f"Bearer {key}"}) as narrower:
        assert (await site.post(narrower, "k")).status_code == 422


async def test_old_keys_are_forgotten(site: Site, client: httpx.AsyncClient):
    await site.post(client, "k")
    assert await site.db.run(purge, now=wall_time() + timedelta(hours=24)) == 0
    assert await site.db.run(purge, now=wall_time() + timedelta(hours=49)) == 1
    assert await site.count("idempotency") == 0
