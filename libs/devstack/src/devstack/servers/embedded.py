"""The Postgres and the broker of a stack: those that the environment names, or embedded ones."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

import asyncpg

from common.telemetry import get_logger
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.children import check_free, lock_directory
from devstack.servers.postgres import EmbeddedPostgres, Server

_log = get_logger(__name__)


class OwnServer(Protocol):
    """A server that this process started."""

    def revive(self) -> bool:
        """Restart it if it has died; return whether it had."""
        ...


class OwnBroker(OwnServer, Protocol):
    def __enter__(self) -> str: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None: ...


MakeBroker = Callable[[Path, int], OwnBroker]
"""Takes the stack's directory and a port (0: any free one)."""


@dataclass(frozen=True)
class Ports:
    """Where the servers of a stack listen; 0 for any free port."""

    kafka: int = 0
    postgres: int = 0


@dataclass(frozen=True)
class Servers:
    postgres: Server
    kafka: str
    own: Sequence[OwnServer]
    own_broker: bool


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


def embedded_broker(directory: Path, port: int) -> OwnBroker:
    return EmbeddedBroker(directory / "broker", port)


@contextmanager
def running_servers(
    directory: Path,
    *,
    ports: Ports | None = None,
    make_broker: MakeBroker = embedded_broker,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Servers]:
    """Yield the servers that the environment names, or own ones with data in ``directory``.

    The role in ``POSTGRES_DSN`` must be allowed to create databases. Raises ``StartError`` if
    another process uses the directory, or a port is taken.
    """
    ports = ports or Ports()
    own: list[OwnServer] = []
    with ExitStack() as opened:
        opened.enter_context(lock_directory(directory))
        if dsn := os.environ.get("POSTGRES_DSN"):
            postgres = Server(dsn)
        else:
            check_free(ports.postgres, purpose="Postgres", setting="POSTGRES_PORT")
            tell("Starting Postgres …")
            own.append(embedded := EmbeddedPostgres(directory / "postgres", port=ports.postgres))
            postgres = opened.enter_context(embedded)
        if own_broker := not (kafka := os.environ.get("KAFKA_BOOTSTRAP", "")):
            check_free(ports.kafka, purpose="Kafka", setting="KAFKA_PORT")
            tell("Starting the broker …")
            own.append(broker := make_broker(directory, ports.kafka))
            kafka = opened.enter_context(broker)
        yield Servers(postgres, kafka, own, own_broker)


async def ensure_database(postgres: Server, name: str) -> str:
    """Create the database unless it exists; return its DSN."""
    connection = await asyncpg.connect(postgres.admin_dsn)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return postgres.dsn(name)
