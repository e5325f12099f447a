"""Malformed bytes on a socket, sent to the production server."""

import asyncio

import pytest

from tests.security.naming import Tenant
from tests.security.ports import open_ports
from tests.security.site import ALPHA, Site

HEAD = b"POST /v1/merges HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
REFUSED = {
    "length and chunks": HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}",
    "a length that is none": HEAD + b"Content-Length: +4\r\n\r\n{}{}",
    "a coding that is none": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a chunk size that is none": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "a space in a name": b"GET /livez HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
    "a bare line feed in a value": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",
    "NUL in a value": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: \x001\r\n\r\n",
    "a folded line": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
    "no protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a header of 2 MB": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2_000_000 + b"\r\n\r\n",
    "100,000 headers": b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 100_000 + b"\r\n",
    "an address of 200 KB": b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
}
LENIENT = {"a bare line feed in a value", "a folded line"}
"""Accepted as an unusual spelling of a valid request; nothing is smuggled in a single request."""
PATIENCE_SECONDS = 10.0


async def exchange(port: int, sent: bytes, *, ends: bool = False) -> bytes:
    """Send bytes and return the response until the server closes; empty on a time-out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        if ends:
            writer.write_eof()
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.read()
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.close()


@pytest.mark.usefixtures("unwritten")
async def test_a_malformed_request_is_refused_and_the_server_goes_on(site: Site):
    async with open_ports(site) as ports:
        for name, sent in REFUSED.items():
            answer = await exchange(ports["identity"], sent, ends=True)
            status = answer.split(b" ", 2)[1:2]
            allowed = {b"200", b"400"} if name in LENIENT else {b"400", b"401", b"414", b"431"}
            assert not answer or status[0] in allowed, (name, answer[:200])
            assert answer.count(b"HTTP/1.1 ") <= 1, (name, "one request must get one answer")
            assert b"200 OK" in await healthy(ports["identity"])


async def test_requests_in_a_row_are_answered_in_order(site: Site, alpha: Tenant):
    """Check that each request is answered under its own credential."""
    credential = f"Authorization: Bearer {alpha.key}\r\n".encode()
    get = b"GET /v1/customers/" + alpha["customer_id"].encode() + b" HTTP/1.1\r\nHost: a\r\n"
    last = b"Connection: close\r\n\r\n"
    async with open_ports(site) as ports:
        answer = await exchange(
            ports["identity"], get + credential + b"\r\n" + get + b"\r\n" + get + credential + last
        )
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"401", b"200"]
    site.heard[ALPHA].append(answer.decode("utf-8", "replace"))


async def test_silent_connections_do_not_block_others(site: Site):
    """Check that the server keeps answering; closing silent connections is the proxy's task."""
    async with open_ports(site) as ports:
        silent = [await asyncio.open_connection("127.0.0.1", ports["sla"]) for _ in range(300)]
        for place, (_, writer) in enumerate(silent):
            writer.write((b"", b"GET /li", HEAD + b"Content-Length: 10\r\n\r\n{")[place % 3])
        assert b"200 OK" in await healthy(ports["sla"])
        for _, writer in silent:
            writer.close()


async def healthy(port: int) -> bytes:
    return await exchange(port, b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
