"""Senders without a credential: what they may send, and what that costs the others."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.web import public
from common.web.auth import rate_limits
from common.web.requests import RawBody, bodies, refuse_stranger, signed_body
from common.web.responses import json_answer
from devstack.testing.wait import until
from libs.common.tests.unit.web.plumbing import HTTP, World, world

router = APIRouter()


def limit_of(request: Request) -> int | None:
    return 100 if "x-signature" in request.headers else None


@router.post("/hooks", dependencies=[public("signed")])
async def hook(request: Request, raw: Annotated[RawBody, signed_body(limit_of)]) -> Response:
    if request.headers["x-signature"] != "good":
        refuse_stranger(request)
    return json_answer({"bytes": len(raw.content)})


@router.get("/hello", dependencies=[public("a test")])
async def hello() -> Response:
    return json_answer({})


@dataclass
class SlowBody:
    """Two bytes, and the rest when the test allows it."""

    asked: bool = False
    rest: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.asked = True
        yield b"ab"
        await self.rest.wait()
        yield b"c"


def send(client: httpx.AsyncClient, body: bytes | SlowBody, signature: str | None = "good"):
    headers = {"x-signature": signature} if signature is not None else {}
    return asyncio.create_task(client.post("/hooks", content=body, headers=headers))


@pytest.fixture
def there() -> World:
    return world(router, http=HTTP.model_copy(update={"max_in_flight": 1}))


@pytest.fixture
def roomy() -> World:
    return world(router, http=HTTP.model_copy(update={"max_in_flight": 16}))


async def test_half_a_body_takes_no_place(there: World):
    half = SlowBody()
    async with there.client() as client:
        waiting = [send(client, half), send(client, SlowBody())]
        await until(lambda: half.asked)
        assert (await client.get("/hello")).status_code == 200
        half.rest.set()
        assert (await waiting[0]).json() == {"bytes": 3}
        waiting[1].cancel()


async def test_a_body_that_does_not_come_is_refused(there: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "STRANGER_SECONDS", 0.05)
    async with there.client() as client:
        assert (await send(client, SlowBody())).status_code == 408


async def test_one_sender_is_read_a_few_bodies_at_a_time(roomy: World):
    slow = [SlowBody() for _ in range(rate_limits.MAX_READ_EACH + 1)]
    async with roomy.client() as client:
        tasks = [send(client, body) for body in slow]
        await until(lambda: sum(body.asked for body in slow) == rate_limits.MAX_READ_EACH)
        await asyncio.sleep(0)
        assert not slow[-1].asked
        slow[0].rest.set()
        await until(lambda: slow[-1].asked)
        for body in slow:
            body.rest.set()
        answers = await asyncio.gather(*tasks)
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert not roomy.state.strangers._senders


async def test_few_of_one_senders_calls_wait_to_be_read(
    roomy: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rate_limits, "MAX_STRANGERS_EACH", 6)
    slow = [SlowBody() for _ in range(6)]
    async with roomy.client() as client:
        tasks = [send(client, body) for body in slow]
        await until(lambda: roomy.state.strangers._calls == 6)
        refused = await send(client, b"x")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        for body in slow:
            body.rest.set()
        await asyncio.gather(*tasks)
    assert roomy.state.strangers._calls == 0


async def test_a_call_that_cannot_be_genuine_is_not_read(there: World):
    body = SlowBody()
    async with there.client() as client:
        assert (await send(client, body, signature=None)).status_code == 401
    assert not body.asked


async def test_a_sender_that_is_refused_too_often_is_not_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rate_limits, "REFUSALS_PER_MINUTE", 3)
    there, body = world(router), SlowBody()
    async with there.client() as client:
        for signature in ("bad", None, "bad"):
            assert (await send(client, b"x", signature)).status_code == 401
        refused = await send(client, body)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert not body.asked
