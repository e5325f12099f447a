"""The Postgres and the broker of a stack: those that the environment names, or embedded ones."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from common.telemetry import get_logger
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.children import lock_directory
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
    """Restarts embedded servers that have died. A component."""

    name = "supervisor"

    def __init__(self, servers: Servers) -> None:
        self._own = servers.own

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for server in self._own:
                # Not in another thread: a server ends when the thread that started it ends.
                if server.revive():
                    _log.warning("supervisor.server_revived", server=type(server).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await stop.wait()

    def healthy(self) -> str | None:
        return None


@contextmanager
def running_servers(directory: Path) -> Iterator[Servers]:
    """Yield the servers that the environment names, or embedded ones with data in ``directory``.

    The role in ``POSTGRES_DSN`` must be allowed to create databases. Raises ``StartError`` if
    another process uses the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    own: list[EmbeddedPostgres | EmbeddedBroker] = []
    with ExitStack() as opened:
        opened.enter_context(lock_directory(directory))
        if dsn := os.environ.get("POSTGRES_DSN"):
            postgres = Server(dsn)
        else:
            own.append(embedded := EmbeddedPostgres(directory / "postgres"))
            postgres = opened.enter_context(embedded)
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
