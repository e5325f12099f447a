"""The Postgres and the broker of a stack: the ones we are told of, or our own."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from common.telemetry import get_logger
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.children import claimed
from devstack.servers.postgres import EmbeddedPostgres, Server

_log = get_logger(__name__)


@dataclass(frozen=True)
class Servers:
    postgres: Server
    kafka: str
    own: Sequence[EmbeddedPostgres | EmbeddedBroker]

    @property
    def own_broker(self) -> bool:
        return any(isinstance(server, EmbeddedBroker) for server in self.own)


class Supervisor:
    """Starts our own servers again when one of them dies. A component."""

    name = "supervisor"

    def __init__(self, servers: Servers) -> None:
        self._own = servers.own

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for server in self._own:
                # In this thread on purpose: a server ends when the thread that started it does.
                if server.revive():
                    _log.warning("supervisor.server_revived", server=type(server).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await stop.wait()

    def healthy(self) -> str | None:
        return None


@contextmanager
def running_servers(directory: Path) -> Iterator[Servers]:
    """Give servers whose data is in ``directory``, or what the environment names instead.

    ``POSTGRES_DSN`` must be of a role that may create databases. Raises ``StartError`` when another
    process uses the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    own: list[EmbeddedPostgres | EmbeddedBroker] = []
    with ExitStack() as opened:
        opened.enter_context(claimed(directory))
        if given := os.environ.get("POSTGRES_DSN"):
            postgres = Server(given)
        else:
            own.append(ours := EmbeddedPostgres(directory / "postgres"))
            postgres = opened.enter_context(ours)
        if not (kafka := os.environ.get("KAFKA_BOOTSTRAP")):
            own.append(broker := EmbeddedBroker(directory / "broker"))
            kafka = opened.enter_context(broker)
        yield Servers(postgres, kafka, own)


async def ensure_database(postgres: Server, name: str) -> str:
    """Create the database unless it exists; return its DSN."""
    connection = await asyncpg.connect(postgres.admin_dsn)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return postgres.dsn(name)
