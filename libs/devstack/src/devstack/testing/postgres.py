"""A real Postgres for tests: one server, a migrated template per service, a clone per test.

The server is the first available of these: ``$TEST_POSTGRES_DSN`` (with a role that may create
databases), a container, the embedded wheel. If none is available, tests fail; they never skip.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import Engine, NullPool, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from common.db import Database, Transaction, async_url, ensure_days, wall_time
from common.migrations import create_functions, plumbing, upgrade
from devstack.servers.engine import has_image
from devstack.servers.postgres import THROW_AWAY, EmbeddedPostgres, Server
from devstack.servers.roles import ensure_runtime_role, runtime_dsn, runtime_role
from devstack.servers.scratch import scratch_directory
from devstack.testing.observation.leaks import assert_nothing_leaked, password_in, read_logs
from devstack.testing.threads import run_in_thread

IMAGE = "postgres:18"
ROOT = Path(__file__).parents[5]

FreshDsn = Callable[[str], str]
"""Takes a service's name; returns the DSN of an empty, migrated database for this test only.

Its role is the one as which the service runs; ``common``, which is no service, has only an owner.
"""


@contextmanager
def running_server(directory: Path) -> Iterator[Server]:
    """Find or run a server and yield it; ``directory`` is for the data of an embedded one."""
    if dsn := os.environ.get("TEST_POSTGRES_DSN"):
        yield Server(dsn)
    elif has_image(IMAGE):
        from testcontainers.community.postgres import PostgresContainer  # slow, rarely needed

        settings = [f"-c{setting}" for setting in (*THROW_AWAY, "max_connections=200")]
        with PostgresContainer(IMAGE).with_command(["postgres", *settings]) as container:
            yield Server(container.get_connection_url(driver=None))
    else:
        with EmbeddedPostgres(directory, settings=THROW_AWAY) as server:
            yield server
        assert_nothing_leaked(read_logs(server.log), [password_in(server.admin_dsn)])


class Templates:
    """Databases that tests copy: one per service, created on first use."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._names: dict[str, str] = {}

    def name(self, service: str) -> str:
        """Return the template of ``identity``, ``interactions``, ``sla`` or ``common``."""
        if service not in self._names:
            name = f"template_{service}_{uuid4().hex}"
            execute(self._server.admin_dsn, f"CREATE DATABASE {name}")
            _fill(service, self._server, name)
            self._names[service] = name
        return self._names[service]

    def clone(self, service: str) -> str:
        """Copy a template; return the name of the copy."""
        template, name = self.name(service), f"test_{service}_{uuid4().hex}"
        # Partitions make many small files; copying them is several times faster than logging them.
        execute(
            self._server.admin_dsn,
            f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy",
        )
        return name

    def drop(self, names: list[str]) -> None:
        """Drop databases, even if clients are still connected."""
        execute(self._server.admin_dsn, *(f"DROP DATABASE {name} WITH (FORCE)" for name in names))

    def drop_all(self) -> None:
        self.drop(list(self._names.values()))


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection of its own, past the services' pools."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def execute(dsn: str, *statements: str) -> None:
    """Run statements one by one, each in its own transaction; blocks the caller."""

    async def run() -> None:
        async with connected(dsn) as connection:
            for statement in statements:
                await connection.execute(statement)

    run_in_thread(run)


def _fill(service: str, server: Server, database: str) -> None:
    dsn = server.dsn(database)
    if service == "common":
        run_in_thread(_create_common_tables, dsn)
        return
    run_in_thread(ensure_runtime_role, server, database, service)
    with ThreadPoolExecutor(1) as pool:  # Alembic runs a loop of its own
        folder = ROOT / "services" / service / "migrations"
        pool.submit(upgrade, folder, dsn, runtime_role=runtime_role(service)).result()


async def _create_common_tables(dsn: str) -> None:
    engine = create_async_engine(async_url(dsn), poolclass=NullPool)
    async with engine.begin() as connection:
        for statement in plumbing():
            await connection.execute(text(statement))
        await connection.run_sync(create_functions, ("outbox", "inbox"))
        today = wall_time().date()
        await connection.run_sync(ensure_days, ("outbox", "inbox"), today=today)
    await engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The session's server; ``.dsn(database)`` returns the DSN of one of its databases."""
    with scratch_directory() as directory, running_server(directory) as server:
        yield server


@pytest.fixture(scope="session")
def templates(postgres_server: Server) -> Iterator[Templates]:
    session_templates = Templates(postgres_server)
    yield session_templates
    session_templates.drop_all()


@pytest.fixture
async def fresh_dsn(postgres_server: Server, templates: Templates) -> AsyncIterator[FreshDsn]:
    """Clone databases for one test and drop them at its end.

    The drop runs in a thread, because it waits for connections that the loop is still opening.
    """
    async with _clones(postgres_server, templates) as clone:
        yield (
            lambda service: (
                clone(service) if service == "common" else runtime_dsn(clone(service), service)
            )
        )


@pytest.fixture
async def fresh_owner_dsn(postgres_server: Server, templates: Templates) -> AsyncIterator[FreshDsn]:
    """Clone databases as ``fresh_dsn`` does; the DSNs name the owner, who may migrate."""
    async with _clones(postgres_server, templates) as clone:
        yield clone


@pytest.fixture
def as_owner(postgres_server: Server) -> Callable[[str], str]:
    """Returns a function from the DSN of a database to the same with the owner of its tables."""
    return lambda dsn: postgres_server.dsn(urlsplit(dsn).path.lstrip("/"))


@asynccontextmanager
async def _clones(server: Server, templates: Templates) -> AsyncIterator[FreshDsn]:
    names: list[str] = []

    def clone(service: str) -> str:
        names.append(templates.clone(service))
        return server.dsn(names[-1])

    yield clone
    await asyncio.to_thread(templates.drop, names)


async def rows_of(database: Database, statement: str, **parameters: object) -> list[Any]:
    """Return what a query finds."""

    async def query(connection: Any) -> list[Any]:
        return list((await connection.execute(text(statement), parameters)).all())

    return await database.read(query)


@asynccontextmanager
async def open_transaction(database: Database) -> AsyncIterator[Transaction]:
    """Give a transaction that stays open for the block, with its locks, and then commits."""
    opened: asyncio.Future[Transaction] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold(tx: Transaction) -> None:
        opened.set_result(tx)
        await over.wait()

    holding = asyncio.create_task(database.run(hold))
    try:
        yield await opened
    finally:
        over.set()
        await holding


_counted: ContextVar[list[str] | None] = ContextVar("counted", default=None)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Give the list to which every statement of this task is added during the block.

    Statements of tasks that it starts count too; those of others in the process do not.
    """
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if _counted.get() is statements:
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    token = _counted.set(statements)
    try:
        yield statements
    finally:
        _counted.reset(token)
        event.remove(Engine, "before_cursor_execute", note)
