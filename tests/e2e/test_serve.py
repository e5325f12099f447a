"""What users of ``make serve`` rely on."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from common.messaging import end_offsets, heartbeat_topic
from common.settings import KafkaSettings
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.children import free_port
from devstack.servers.postgres import Server
from devstack.servers.scratch import scratch_directory
from devstack.stack.services import NAMES
from devstack.testing.observation.leaks import PERSON, traceable
from devstack.testing.postgres import execute
from devstack.testing.stack import StackProcess, stack_process
from devstack.testing.wait import until

# Each start of a stack takes seconds, and one test here starts three.
pytestmark = [pytest.mark.e2e, pytest.mark.own_servers, pytest.mark.timeout(180)]


MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer

async def main():
    member = AIOKafkaConsumer(
        "interactions.conversations", bootstrap_servers=sys.argv[1], group_id="outsider",
        session_timeout_ms=6000, heartbeat_interval_ms=1000,
    )
    await member.start()
    while not member.assignment():
        await member.getmany(timeout_ms=100)
    print("assigned", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@dataclass(frozen=True)
class Finished:
    code: int | None
    output: str
    errors: str


async def devstack(directory: Path, *arguments: str) -> Finished:
    """Run a command of ``python -m devstack`` over a directory to completion."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devstack", *arguments,
        env=os.environ | {"EMBEDDED_DATA": str(directory)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    return Finished(process.returncode, output.decode(), errors.decode())


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


async def test_an_idle_stack_asks_little_and_writes_no_events(scratch: Path):
    """Count its transactions and records: polls of the past made 150 and 14 a second of them."""
    with stack_process(scratch / "stack") as running:
        await asyncio.sleep(3)
        work, written = await transactions(running), await ends(running)
        await asyncio.sleep(10)
        work, later = await transactions(running) - work, await ends(running)
    assert work <= 400
    assert {t: later[t] for t in EVENTS} == dict.fromkeys(EVENTS, 0)
    assert 0 < sum(later[t] - written[t] for t in HEARTBEATS) <= 50


EVENTS = ("identity.customers", "identity.groups", "interactions.conversations", "sla.clocks")
HEARTBEATS = tuple(heartbeat_topic(name) for name in NAMES)


async def transactions(running: StackProcess) -> int:
    """Return how many transactions the services' databases have committed."""
    total = 0
    for dsn in running.endpoints.postgres.values():
        connection = await asyncpg.connect(dsn)
        total += await connection.fetchval(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        await connection.close()
    return total


async def ends(running: StackProcess) -> dict[str, int]:
    """Return how many records each topic has taken."""
    settings = KafkaSettings(bootstrap=running.endpoints.kafka)
    topics = (*EVENTS, *HEARTBEATS)
    return {topic: sum((await end_offsets(settings, topic)).values()) for topic in topics}


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
            message = await say(running, "ida@example.com")
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


async def test_what_it_prints_can_be_pasted(stack: StackProcess):
    printed = stack.output()
    lines = printed[printed.index("  export ") : printed.index("  Every call")]
    pasted = await asyncio.create_subprocess_exec(
        "bash", "-euc", lines, stdout=asyncio.subprocess.PIPE
    )
    answers, _ = await pasted.communicate()
    assert pasted.returncode == 0
    recorded, context = (json.loads(line) for line in answers.replace(b"}{", b"}\n{").splitlines())
    assert context["customer_id"] == recorded["customer_id"]


async def test_a_key_with_fewer_scopes_is_known_to_all_services(stack: StackProcess):
    scopes = "context:read, sla:read"
    made = await devstack(stack.directory, "key", "--tenant", "narrow", "--scopes", scopes)
    assert made.code == 0, made.errors
    async with stack.client(made.output.strip()) as client:
        assert (await client.get("/v1/sla/clocks")).status_code == 200
        assert (await client.get("/v1/changes")).status_code == 200
        assert (await client.put("/v1/sla/calendars/none", json={})).status_code == 403
        assert (await client.post("/v1/identities/resolve", json={})).status_code == 403


async def test_a_key_that_cannot_be_made_says_what_to_do(stack: StackProcess, tmp_path: Path):
    unknown = await devstack(stack.directory, "key", "--scopes", "context:rea")
    assert (unknown.code, unknown.output) == (1, "")
    assert "context:read, identity:admin" in unknown.errors
    nowhere = await devstack(tmp_path, "key")
    assert nowhere.code == 1
    assert "make serve" in nowhere.errors


@pytest.mark.parametrize(
    ("option", "purpose", "setting"),
    [("--port", "the API", "PORT"), ("--kafka-port", "Kafka", "KAFKA_PORT"),
     ("--postgres-port", "Postgres", "POSTGRES_PORT")],
)  # fmt: skip
async def test_a_port_that_is_taken_is_named(
    stack: StackProcess, tmp_path: Path, option: str, purpose: str, setting: str
):
    taken = stack.endpoints.base_url.rpartition(":")[2]
    free = [f"--{name}={free_port()}" for name in ("port", "kafka-port", "postgres-port")]
    refused = await devstack(tmp_path, "serve", *free, option, taken)
    assert refused.code == 1
    assert f"port {taken}, for {purpose}, is in use (by " in refused.errors
    assert f"{setting}=…" in refused.errors


@pytest.mark.apache_kafka
@pytest.mark.timeout(300)
async def test_on_apache_kafka_a_group_goes_on_after_a_kill(scratch: Path):
    port = str(free_port())
    apache = ["--kafka", "apache", "--kafka-port", port]
    with stack_process(scratch, arguments=apache) as running:
        assert running.endpoints.kafka == f"127.0.0.1:{port}"
        message = await say(running, "apache@example.com")
        await until(lambda: is_known_to_sla(running, message), within=60)
        for _ in range(2):
            member = await asyncio.create_subprocess_exec(
                sys.executable, "-c", MEMBER, running.endpoints.kafka,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert member.stdout is not None
            assert await member.stdout.readline() == b"assigned\n"
            member.kill()
            await member.wait()
        running.kill()
    with stack_process(scratch, arguments=apache) as again:
        assert again.endpoints.kafka == f"127.0.0.1:{port}"
        second = await say(again, "apache@example.com")
        assert second["customer_id"] == message["customer_id"]
        await until(lambda: is_known_to_sla(again, second), within=60)


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
