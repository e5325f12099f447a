"""The three services as in production: separate processes, over real servers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from typing_extensions import override

from devstack.fleet import probe
from devstack.fleet.composed import ComposedFleet, composed_fleet
from devstack.fleet.environment import FleetEnvironment
from devstack.fleet.processes import Processes
from devstack.servers.postgres import Server
from devstack.servers.roles import runtime_dsn
from devstack.stack.credentials import Credentials, load_credentials
from devstack.stack.services import NAMES, build_services
from devstack.testing.observation.leaks import assert_nothing_leaked, password_in, read_logs
from devstack.testing.postgres import Templates

PATIENCE_SECONDS = 60.0
"""How long a client waits for an answer."""
WORKERS = tuple(f"{name} {kind}" for name in NAMES for kind in ("api", "worker"))
"""An API and one worker for everything else, for each service."""
SEPARATE = (
    "identity api", "identity consumer", "identity relay",
    "interactions api", "interactions consumer", "interactions relay", "interactions timer",
    "sla api", "sla consumer", "sla relay", "sla timer",
)  # fmt: skip
"""A process for every component, so that each can die alone."""


class Fleet(Processes):
    """The processes of all three services; a test may end them in any way and restart them.

    ``dsns`` name the owners of the databases: tests look at rows as them, while the services run as
    their runtime roles. ``settings`` are additional environment variables.
    """

    def __init__(
        self,
        directory: Path,
        dsns: Mapping[str, str],
        bootstrap: str,
        credentials: Credentials,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(directory)
        self.dsns = dsns
        self.bootstrap = bootstrap
        self.credentials = credentials
        self.settings = dict(settings or {})

    def client(self, service: str, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of one service's API with ``key``, by default tenant demo's."""
        return httpx.AsyncClient(
            base_url=self.url(f"{service} api"),
            headers={"Authorization": f"Bearer {key or self.credentials.api_key}"},
            trust_env=False,
            timeout=PATIENCE_SECONDS,
        )

    def secrets(self) -> list[str]:
        """Return the fleet's credentials and the passwords of its databases."""
        dsns = [*self.dsns.values(), *self._runtime_dsns().values()]
        return [*asdict(self.credentials).values(), *map(password_in, dsns)]

    def _runtime_dsns(self) -> dict[str, str]:
        return {service: runtime_dsn(dsn, service) for service, dsn in self.dsns.items()}

    def install(self) -> None:
        """Store the API keys in every service's database."""
        asyncio.run(self._install())

    async def _install(self) -> None:
        services = build_services(
            dsns=self._runtime_dsns(),
            bootstrap=self.bootstrap,
            credentials=self.credentials,
            port=0,
        )
        for service in services.all():
            await self.credentials.install(service)
            await service.close()

    async def rows(self, service: str, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Run a statement on a service's database; return its rows."""
        return await probe.rows(self.dsns[service], statement, *values)

    async def headers(self, topic: str, key: str) -> list[dict[str, str]]:
        """Return the headers of a topic's records with this key, as stored on the broker."""
        return await probe.headers(self.bootstrap, topic, key)

    @asynccontextmanager
    async def configured(self, name: str, settings: Mapping[str, str]) -> AsyncIterator[None]:
        """Run a process with additional settings during the block."""
        original = self.settings
        async with self.without(name):
            self.settings = original | dict(settings)
            self.launch(name)
            await self.wait_ready(name)
            try:
                yield
            finally:
                self.settings = original
                self.stop(name)

    @override
    def environment(self, name: str) -> dict[str, str]:
        variables = FleetEnvironment(
            self.dsns, self.bootstrap, self.credentials, self.url("identity api")
        )
        service = name.split(maxsplit=1)[0]
        return variables.of(service, port=self.port(name)) | self.settings


@contextmanager
def running_fleet(
    directory: Path,
    server: Server,
    templates: Templates,
    bootstrap: str,
    *,
    names: Sequence[str] = WORKERS,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """Migrate, create keys, start the processes ``names``, and stop what still runs at the end.

    Then fail if logs or metrics contain personal data or secrets.
    """
    databases = {name: templates.clone(name) for name in NAMES}
    dsns = {name: server.dsn(database) for name, database in databases.items()}
    fleet = Fleet(directory, dsns, bootstrap, load_credentials(directory), settings)
    try:
        fleet.install()
        for name in NAMES:
            fleet.run(name, "migrate")
        fleet.start(*names)
        yield fleet
        metrics = fleet.metrics()
        fleet.stop(*list(fleet.processes))
    finally:
        fleet.kill_all()
        templates.drop(list(databases.values()))
    assert_nothing_leaked(
        metrics | read_logs(*directory.glob("*.log"), server.log), fleet.secrets()
    )


@pytest.fixture(scope="module")
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet | ComposedFleet]:
    """The stack that the environment names, or the module's fleet on the session's servers.

    Tests share it, so each needs unique identifiers.
    """
    if composed := composed_fleet():
        yield composed
        return
    servers = ("postgres_server", "templates", "kafka_bootstrap")
    directory = tmp_path_factory.mktemp("fleet")
    with running_fleet(directory, *map(request.getfixturevalue, servers)) as running:
        yield running
