"""The running stack: what its containers may do, and how it recovers when one dies."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest

from devstack.fleet.composed import ComposedFleet, composed_fleet, health_of
from devstack.testing.wait import until
from tests.compose.description import JOBS, PROCESSES, SERVERS
from tests.e2e import journey
from tests.e2e.journey import an_email, unique

pytestmark = [pytest.mark.compose, pytest.mark.timeout(300)]
KILL_CHILD_OF_INIT = "import os; os.kill(int(open('/proc/1/task/1/children').read().split()[0]), 9)"
READ_HEADER_SECONDS, READ_BODY_SECONDS = 10, 30


@pytest.fixture(scope="module")
def stack() -> ComposedFleet:
    running = composed_fleet()
    assert running is not None
    return running


def test_every_process_is_healthy_and_every_job_is_done(stack: ComposedFleet):
    stack.await_healthy(stack.containers(*PROCESSES | SERVERS))
    for job in stack.containers(*JOBS):
        assert job.attrs["State"]["ExitCode"] == 0, job.name


def test_a_container_runs_with_no_more_rights_than_it_needs(stack: ComposedFleet):
    for container in stack.containers():
        allowed = container.attrs["HostConfig"]
        assert allowed["ReadonlyRootfs"], container.name
        assert allowed["CapDrop"] == ["ALL"], container.name
        assert allowed["Memory"] > 0, container.name
        assert allowed["PidsLimit"] > 0, container.name
    for container in stack.containers(*PROCESSES):
        code, out = container.exec_run(["id", "-u"])
        assert (code, out.strip()) == (0, b"10001"), container.name
        code, _ = container.exec_run(["touch", "/app/written"])
        assert code != 0, container.name


def test_nothing_but_the_proxy_can_be_reached_from_outside(stack: ComposedFleet):
    for container in stack.containers(*PROCESSES | SERVERS - {"proxy"}):
        ports = container.attrs["NetworkSettings"]["Ports"].values()
        assert not any(ports), container.name


@pytest.mark.parametrize("name", sorted(PROCESSES))
async def test_a_process_that_is_killed_is_started_again(name: str, stack: ComposedFleet):
    (container,) = stack.containers(name)
    before = container.attrs["RestartCount"]
    container.exec_run(["python", "-c", KILL_CHILD_OF_INIT])

    def restarted() -> bool:
        return health_of(container) == "healthy" and container.attrs["RestartCount"] > before

    await until(restarted, within=120, every=0.5)


def test_all_processes_stop_in_time_and_of_their_own_accord(stack: ComposedFleet):
    processes = stack.containers(*PROCESSES)
    for container in processes:
        container.kill("SIGTERM")
    began = time.monotonic()
    codes = {process.name: process.wait(timeout=25)["StatusCode"] for process in processes}
    assert time.monotonic() - began < 20
    assert set(codes.values()) == {0}, codes
    for container in processes:
        container.start()
    stack.await_healthy(processes)


async def test_a_live_stream_is_not_buffered_and_outlives_the_proxys_limits(
    stack: ComposedFleet,
):
    channel = unique("desk").replace("-", "_")
    async with stack.client("sla") as client, client.stream("GET", "/v1/sla/stream") as stream:
        lines = stream.aiter_lines()
        await asyncio.sleep(READ_BODY_SECONDS + 5)
        await journey.promise(stack, channel, 2)
        message = await journey.say(stack, channel, an_email(), "Anybody?")
        async with asyncio.timeout(30):
            data = await _first_data(lines, message["conversation_id"])
    assert message["conversation_id"] in data


async def test_the_proxy_serves_docs_and_the_description_of_all_services(stack: ComposedFleet):
    async with stack.client("interactions") as client:
        document = (await client.get("/openapi.json")).json()
        assert {"/v1/identities/resolve", "/v1/interactions", "/v1/sla/clocks"} <= {
            *document["paths"]
        }
        page = await client.get("/docs")
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert (await client.get("/docs/swagger-ui-bundle.js")).status_code == 200
        key = await client.post("/docs/key", headers={"X-Threadline-Docs": "1"})
        assert key.status_code == 404


async def test_a_connection_whose_header_never_ends_is_closed(stack: ComposedFleet):
    async with _connected(stack) as (reader, writer):
        writer.write(b"GET /v1/changes HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        async with asyncio.timeout(READ_HEADER_SECONDS + 10):
            await reader.read()  # to the end


async def test_a_body_that_is_too_long_is_refused_before_it_is_sent(stack: ComposedFleet):
    async with _connected(stack) as (reader, writer):
        writer.write(b"POST /v1/interactions HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        writer.write(b"Content-Length: 10000000\r\n\r\n")
        async with asyncio.timeout(10):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 413 ")
    assert "content-type: application/problem+json" in head


async def test_a_service_that_is_down_answers_503_with_retry_after(stack: ComposedFleet):
    stack.stop("sla api")
    try:
        async with stack.client("sla") as client:
            answer = await client.get("/v1/sla/policies")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["type"] == "urn:threadline:problem:service-unavailable"
    finally:
        stack.start("sla api")
    async with stack.client("sla") as client:
        ask = partial(client.get, "/v1/sla/policies")
        await until(lambda: _answers(ask), within=10, every=0.2)


@asynccontextmanager
async def _connected(stack: ComposedFleet) -> AsyncIterator[tuple]:
    address = urlsplit(stack.base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _answers(ask: partial) -> bool:
    return (await ask()).status_code == 200


async def _first_data(lines: AsyncIterator[str], about: str) -> str:
    async for line in lines:
        if line.startswith("data:") and about in line:
            return line
    raise AssertionError("the stream ended")
