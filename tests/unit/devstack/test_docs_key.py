"""The key of ``/docs`` goes to the page itself, on this machine, for this user, and no further."""

import asyncio
import os
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from common.runtime import HttpServer
from common.settings import HttpSettings
from devstack.stack import docs_key
from devstack.stack.docs_key import KEY_PATH, DocsKey
from devstack.testing.http import http_client
from devstack.testing.wait import until

FROM_THE_PAGE = {"X-Threadline-Docs": "1"}


@pytest.fixture
def app() -> Starlette:
    return Starlette(routes=[DocsKey("tl_test_secret", "demo").route()])


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    settings = HttpSettings(port=0, cursor_secret=SecretStr("c" * 32))
    server, stop = HttpServer(app, settings), asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await until(lambda: server.started, 30)
    url = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as opened:
        yield opened
    stop.set()
    await running


async def test_the_page_gets_the_key(client: httpx.AsyncClient):
    answer = await client.post(KEY_PATH, headers=FROM_THE_PAGE)
    assert answer.json() == {"api_key": "tl_test_secret", "tenant": "demo"}
    assert answer.headers["cache-control"] == "no-store"
    browser = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert (await client.post(KEY_PATH, headers=FROM_THE_PAGE | browser)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Threadline-Docs": "0"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
    ],
    ids=str,
)
async def test_another_page_or_a_proxy_gets_none(client: httpx.AsyncClient, headers: dict):
    answer = await client.post(KEY_PATH, headers=FROM_THE_PAGE | headers)
    assert answer.status_code in {400, 403}
    assert "tl_test" not in answer.text


async def test_a_link_or_a_form_gets_none(client: httpx.AsyncClient):
    assert (await client.get(KEY_PATH, headers=FROM_THE_PAGE)).status_code == 405
    assert (await client.post(KEY_PATH)).status_code == 403


async def test_another_machine_gets_none(app: Starlette):
    transport = httpx.ASGITransport(app=app, client=("192.0.2.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as far:
        assert (await far.post(KEY_PATH, headers=FROM_THE_PAGE)).status_code == 403


async def test_another_user_of_this_machine_gets_none(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(docs_key, "owner_of", lambda *_: os.geteuid() + 1)
    assert (await client.post(KEY_PATH, headers=FROM_THE_PAGE)).status_code == 403


async def test_a_connection_whose_owner_is_unknown_gets_none(app: Starlette):
    async with http_client(app) as nowhere:
        assert (await nowhere.post(KEY_PATH, headers=FROM_THE_PAGE)).status_code == 403
