"""Fetched key sets: rarely, with a deadline, and without holding up those who need no fetch."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from joserfc.jwk import ECKey, KeySet, OctKey

from common.settings import TrustedIssuer
from common.web.auth import jwks
from common.web.auth.jwks import IssuerKeys, read_jwks
from devstack.servers.patience import patient

ISSUER = TrustedIssuer(
    issuer="i", audience="a", scopes=frozenset(), jwks_url="https://id.example/jwks"
)


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid})


def published(*keys: ECKey) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


class Endpoint:
    """Answers with what it is told to, and counts."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.calls = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, _url: str) -> bytes:
        self.calls += 1
        await self.open.wait()
        if not self.content:
            raise OSError("away")
        return self.content


async def test_unknown_key_ids_fetch_at_most_once_a_minute():
    now = [0.0]
    endpoint = Endpoint(published(key("a")))
    keys = IssuerKeys(ISSUER, fetch=endpoint, time=lambda: now[0])
    assert await keys.find("a", "ES256") is not None
    for number in range(1_000):
        assert await keys.find(f"guess-{number}", "ES256") is None
    assert endpoint.calls == 1
    endpoint.content = published(key("a"), key("b"))
    now[0] = 61.0
    assert await keys.find("b", "ES256") is not None
    assert endpoint.calls == 2


async def test_a_failed_fetch_keeps_the_old_keys_and_is_not_repeated_at_once():
    now = [0.0]
    endpoint = Endpoint(published(key("a")))
    keys = IssuerKeys(ISSUER, fetch=endpoint, time=lambda: now[0])
    await keys.find("a", "ES256")
    now[0], endpoint.content = 120.0, b""
    assert await keys.find("b", "ES256") is None
    assert await keys.find("b", "ES256") is None
    assert await keys.find("a", "ES256") is not None
    assert endpoint.calls == 2


async def test_known_keys_do_not_wait_for_a_fetch():
    now = [0.0]
    endpoint = Endpoint(published(key("a")))
    keys = IssuerKeys(ISSUER, fetch=endpoint, time=lambda: now[0])
    await keys.find("a", "ES256")
    now[0] = 4_000.0
    endpoint.open.clear()
    async with asyncio.timeout(patient(1)):
        assert await keys.find("a", "ES256") is not None
    endpoint.open.set()


async def test_a_fetch_has_a_deadline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jwks, "FETCH_DEADLINE_SECONDS", 0.05)
    endpoint = Endpoint(b"")
    endpoint.open.clear()
    keys = IssuerKeys(ISSUER, fetch=endpoint)
    async with asyncio.timeout(patient(1)):
        found = await asyncio.gather(*(keys.find("a", "ES256") for _ in range(10)))
    assert found == [None] * 10
    assert endpoint.calls == 1


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one fixed answer, and note what was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        with suppress(ConnectionError):
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks", asked


async def test_a_key_set_is_fetched_unpacked_and_as_it_is():
    body = published(key("a"))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with answering(head + body) as (url, asked):
        assert await jwks.fetch_jwks(url) == body
    assert b"accept-encoding: identity" in asked[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 200_000,
    ],
)
async def test_redirects_errors_and_floods_are_no_key_set(answer: bytes):
    async with answering(answer) as (url, asked):
        with pytest.raises(ValueError, match=r"status|too large"):
            await jwks.fetch_jwks(url)
    assert len(asked) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 1}', '{"keys": []}', '{"keys": [1]}',
                                  '{"keys": [{"kty": "EC"}]}', "x" * 100])  # fmt: skip
def test_what_is_no_key_set_is_refused(text: str):
    with pytest.raises(ValueError, match=r"JWKS|Expecting|keys"):
        read_jwks(text)


def test_shared_secrets_and_encryption_keys_are_left_out():
    secret = OctKey.generate_key(256, parameters={"kid": "s"})
    sealed = ECKey.generate_key("P-256", parameters={"kid": "e", "use": "enc"})
    text = json.dumps(KeySet([secret, sealed, key("a")]).as_dict(private=True))
    assert [found.kid for found in read_jwks(text)] == ["a"]
