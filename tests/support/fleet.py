"""The three services as in production: processes of their own, over real servers.

A process goes by its name, ``sla worker``: the service and the command that starts it. A third word
makes another one of the same kind, ``interactions relay 2``.
"""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx
import pytest

from deploy.embedded.children import free_port, tail, tied
from deploy.embedded.credentials import Credentials, kept_in
from deploy.embedded.postgres import Server
from deploy.embedded.services import NAMES, build_services
from tests.support.environment import Surroundings
from tests.support.postgres import Templates
from tests.support.wait import until

ROOT = Path(__file__).parents[2]
START_WITHIN_SECONDS = 150.0
STOP_WITHIN_SECONDS = 25.0
RESTART_AFTER_SECONDS = 0.5
KILLED = -signal.SIGKILL

WORKERS = tuple(f"{name} {kind}" for name in NAMES for kind in ("api", "worker"))
"""An API and one worker for everything else, for each service."""
SEPARATE = (
    "identity api", "identity relay",
    "interactions api", "interactions consumer", "interactions relay", "interactions timer",
    "sla api", "sla consumer", "sla relay", "sla timer",
)  # fmt: skip
"""Every part a process of its own, so that one of them can die alone."""


@dataclass
class Fleet:
    """Processes that a test may end in any way, and start again."""

    directory: Path
    dsns: Mapping[str, str]
    bootstrap: str
    credentials: Credentials
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings besides the usual ones, by the names of their environment variables."""
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def client(self, service: str, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of one service's API with tenant demo's key, or another."""
        return httpx.AsyncClient(
            base_url=self.url(f"{service} api"),
            headers={"Authorization": f"Bearer {key or self.credentials.api_key}"},
            trust_env=False,
            timeout=10,
        )

    def install(self) -> None:
        """Let every service know the API keys."""
        asyncio.run(self._install())

    async def _install(self) -> None:
        services = build_services(
            dsns=self.dsns, bootstrap=self.bootstrap, credentials=self.credentials, port=0
        )
        for service in services.all():
            await self.credentials.install(service)
            await service.close()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._port(name)}"

    def start(self, *names: str) -> None:
        """Start processes such as ``sla worker`` and return once they are ready."""
        for name in names:
            self.launch(name)
        deadline, waiting = time.monotonic() + START_WITHIN_SECONDS, list(names)
        while waiting := [name for name in waiting if not self.answers(name)]:
            assert time.monotonic() < deadline, f"not ready: {waiting}"
            time.sleep(0.2)

    def launch(self, name: str, *, through: Sequence[str] = ()) -> None:
        """Start a process and do not wait for it; ``through`` is a module that runs it, with words.

        In the caller's thread on purpose: a child ends with the thread that started it.
        """
        command = [sys.executable, "-m", *through, *name.split()[:2]]
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                tied(command, death_signal=signal.SIGTERM),
                cwd=self.directory,
                env=self.environment(name) | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    async def ready(self, *names: str) -> None:
        """Wait until processes are ready, while the loop goes on."""
        for name in names:
            await until(partial(self.answers, name), START_WITHIN_SECONDS, every=0.2)

    def answers(self, name: str) -> bool:
        """Say whether a process is ready; raise when it is no more."""
        ended = self.processes[name].poll() is not None
        assert not ended, f"{name} has ended:\n{tail(self.log(name))}"
        asking = HTTPConnection("127.0.0.1", self._port(name), timeout=2)
        with closing(asking), suppress(OSError, HTTPException):
            asking.request("GET", "/readyz")
            return asking.getresponse().status == HTTPStatus.OK
        return False

    def stop(self, *names: str) -> None:
        """Stop processes as a service manager would. They must end well, and in time."""
        for name in names:
            self.processes[name].terminate()
        for name in names:
            code = self.processes.pop(name).wait(STOP_WITHIN_SECONDS)
            assert code == 0, f"{name} ended with {code}:\n{tail(self.log(name))}"

    def kill(self, *names: str) -> None:
        """End processes as a power cut would."""
        for name in names:
            self.processes[name].kill()
        for name in names:
            self.processes[name].wait()

    def freeze(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    async def death(self, name: str, within: float = 30.0) -> int:
        """Wait for a process to end by itself; return its exit code."""
        process = self.processes[name]
        await until(lambda: process.poll() is not None, within, every=0.02)
        return process.returncode

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[list[str]]:
        """Start again what dies meanwhile, as a service manager would; gives their names."""
        restarted: list[str] = []
        watching = asyncio.create_task(self._supervise(restarted))
        try:
            yield restarted
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def _supervise(self, restarted: list[str]) -> None:
        while True:
            for name in [n for n, p in self.processes.items() if p.poll() is not None]:
                await asyncio.sleep(RESTART_AFTER_SECONDS)
                self.launch(name)
                restarted.append(name)
            await asyncio.sleep(0.05)

    def kill_all(self) -> None:
        self.kill(*self.processes)
        self.processes.clear()

    def log(self, name: str) -> Path:
        return self.directory / f"{name.replace(' ', '-')}.log"

    def logged(self, name: str, text: str) -> bool:
        return re.search(re.escape(text), self.log(name).read_text()) is not None

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a process, also for commands such as ``migrate``."""
        surroundings = Surroundings(
            self.dsns, self.bootstrap, self.credentials, self.url("identity api")
        )
        service = name.split(maxsplit=1)[0]
        return surroundings.of(service, port=self._port(name)) | dict(self.settings)

    def run(self, service: str, *words: str) -> str:
        """Run a command of a service, such as ``migrate``, to its end; return what it printed."""
        return subprocess.run(
            [sys.executable, "-m", service, *words],
            check=True,
            env=self.environment(f"{service} api"),
            cwd=self.directory,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def _port(self, name: str) -> int:
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]


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
    """Migrate, make keys, start the processes named, and stop whatever is left at the end."""
    databases = {name: templates.clone(name) for name in NAMES}
    dsns = {name: server.dsn(database) for name, database in databases.items()}
    fleet = Fleet(directory, dsns, bootstrap, kept_in(directory), settings or {})
    try:
        fleet.install()
        for name in NAMES:
            fleet.run(name, "migrate")
        fleet.start(*names)
        yield fleet
        fleet.stop(*list(fleet.processes))
    finally:
        fleet.kill_all()
        templates.drop(list(databases.values()))


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Server,
    templates: Templates,
    kafka_bootstrap: str,
) -> Iterator[Fleet]:
    """One fleet for the module, alone on the session's broker. Use identifiers of your own."""
    directory = tmp_path_factory.mktemp("fleet")
    with running_fleet(directory, postgres_server, templates, kafka_bootstrap) as running:
        yield running
