"""What users of ``make serve`` rely on."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from devstack.servers.broker import EmbeddedBroker
from devstack.servers.postgres import Server
from devstack.servers.scratch import scratch_directory
from devstack.stack.services import NAMES
from devstack.testing.observation.leaks import PERSON, traceable
from devstack.testing.postgres import execute
from devstack.testing.stack import StackProcess, stack_process
from devstack.testing.wait import until

# Each start of a stack takes seconds, and one test here starts three.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_directory() as directory:
        yield directory


async def resolve(running: StackProcess, email: str, *, key: str | None = None) -> dict:
    async with running.client(key) as client:
        body = {"identifiers": [{"type": "email", "value": email, "level": "verified"}]}
        answer = await client.post("/v1/identities/resolve", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_everything_answers_behind_one_port(stack: StackProcess):
    async with stack.client() as client:
        assert (await client.get("/livez")).status_code == 200
        ready = (await client.get("/readyz")).json()
        assert set(ready["services"]) == {"identity", "interactions", "sla"}
        assert "python_info" in (await client.get("/metrics")).text
        paths = set((await client.get("/openapi.json")).json()["paths"])
        assert (await client.get("/docs")).status_code == 200
        offered = await client.post("/docs/key", headers={"X-Threadline-Docs": "1"})
        assert offered.json() == {"api_key": stack.endpoints.api_key, "tenant": "demo"}
    assert {"/v1/identities/resolve", "/v1/interactions", "/v1/sla/clocks"} <= paths


async def test_the_databases_are_where_the_file_says(stack: StackProcess):
    assert set(stack.endpoints.postgres) == {"identity", "interactions", "sla"}
    for dsn in stack.endpoints.postgres.values():
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT count(*) FROM outbox") is not None
        await connection.close()


async def test_two_tenants_never_meet(stack: StackProcess):
    ours = await resolve(stack, "same@example.com")
    theirs = await resolve(stack, "same@example.com", key=stack.endpoints.other_tenant_api_key)
    assert ours["customer_id"] != theirs["customer_id"]


async def test_a_stop_and_a_kill_keep_the_data_and_the_keys(scratch: Path):
    with stack_process(scratch) as first:
        created = await resolve(first, "kept@example.com")
        assert first.stop() == 0
    assert not (scratch / "endpoints.json").exists()
    with stack_process(scratch) as second:
        assert second.endpoints.api_key == first.endpoints.api_key
        assert (await resolve(second, "kept@example.com"))["customer_id"] == created["customer_id"]
        second.kill()
    with stack_process(scratch) as third:
        again = await resolve(third, "kept@example.com", key=first.endpoints.api_key)
    assert again["customer_id"] == created["customer_id"]
    assert again["created"] is False


async def test_servers_that_already_run_are_used(scratch: Path, postgres_server: Server):
    servers = {"POSTGRES_DSN": postgres_server.admin_dsn}
    with EmbeddedBroker(scratch / "broker") as bootstrap:
        servers |= {"KAFKA_BOOTSTRAP": bootstrap}
        with stack_process(scratch / "stack", servers) as running:
            assert running.endpoints.kafka == bootstrap
            message = await say(running, "guest@example.com")
            await until(lambda: is_known_to_sla(running, message), within=30)
        assert not {"postgres", "broker"} & {path.name for path in (scratch / "stack").iterdir()}
    drops = [f"DROP DATABASE {name} WITH (FORCE)" for name in NAMES]
    await asyncio.to_thread(execute, postgres_server.admin_dsn, *drops)


@pytest.mark.timeout(180)
async def test_a_power_cut_that_takes_the_brokers_last_second_loses_nothing(scratch: Path):
    with stack_process(scratch) as first:
        messages = [await say(first, f"power-{n}@example.com") for n in range(5)]
        kill_broker(scratch)
        first.kill()
    with stack_process(scratch) as second:
        messages.append(await say(second, "power-0@example.com"))
        assert messages[-1]["customer_id"] == messages[0]["customer_id"]
        for message in messages:
            await until(partial(is_known_to_sla, second, message), within=30)


async def say(running: StackProcess, email: str) -> dict:
    async with running.client() as client:
        body = {
            "channel": "email",
            "kind": "message",
            "direction": "inbound",
            "author": {"type": "customer", "name": PERSON},
            "identifiers": [{"type": "email", "value": email, "level": "channel_proved"}],
            "text": traceable("Is there light?"),
        }
        answer = await client.post("/v1/interactions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def is_known_to_sla(running: StackProcess, message: dict) -> bool:
    """Return whether sla has the message's conversation, which arrives through the broker only."""
    connection = await asyncpg.connect(running.endpoints.postgres["sla"])
    try:
        query = "SELECT EXISTS (SELECT FROM conversation WHERE conversation_id = $1)"
        return await connection.fetchval(query, message["conversation_id"])
    finally:
        await connection.close()


def kill_broker(directory: Path) -> None:
    """Kill -9 the broker whose data is below ``directory``, before it writes its memory to disk."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if b"noida-db" in command and str(directory).encode() in command:
                os.kill(int(process.name), signal.SIGKILL)
