"""The three services as in production: an API and a worker process each, over real servers."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from common.http.service_tokens import AUDIENCE, ServiceTokens
from common.jsons import dumps_text
from deploy.embedded.children import free_port, tail, tied
from deploy.embedded.credentials import Credentials, kept_in
from deploy.embedded.postgres import Server
from deploy.embedded.services import NAMES, build_services
from tests.support.postgres import Templates

ROOT = Path(__file__).parents[2]
START_WITHIN_SECONDS = 90.0
STOP_WITHIN_SECONDS = 25.0


@dataclass
class Fleet:
    """Six processes; a test may stop some and start them again."""

    directory: Path
    dsns: dict[str, str]
    bootstrap: str
    credentials: Credentials
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = [f"{name} {kind}" for name in NAMES for kind in ("api", "worker")]
        self.ports = {kind: free_port() for kind in kinds}

    def client(self, service: str, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of one service's API with tenant demo's key, or another."""
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.ports[f'{service} api']}",
            headers={"Authorization": f"Bearer {key or self.credentials.api_key}"},
            trust_env=False,
            timeout=10,
        )

    def install(self) -> None:
        """Let every service know the API keys."""
        asyncio.run(self._install())

    def migrate(self) -> None:
        """Bring each database to its newest revision, and create the topics."""
        for name in NAMES:
            subprocess.run(
                [sys.executable, "-m", name, "migrate"],
                check=True,
                env=self._environment(f"{name} api"),
                cwd=self.directory,
            )

    def start(self, *kinds: str) -> None:
        """Start processes such as ``sla worker`` and return once they are ready."""
        for kind in kinds:
            with self.log(kind).open("ab") as log:
                self.processes[kind] = subprocess.Popen(
                    tied([sys.executable, "-m", *kind.split()], death_signal=signal.SIGTERM),
                    cwd=self.directory,
                    env=self._environment(kind),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for kind in kinds:
            self._await_ready(kind)

    def stop(self, *kinds: str) -> None:
        """Stop processes as a service manager would. They must end well, and in time."""
        for kind in kinds:
            self.processes[kind].terminate()
        for kind in kinds:
            code = self.processes.pop(kind).wait(STOP_WITHIN_SECONDS)
            assert code == 0, f"{kind} ended with {code}:\n{tail(self.log(kind))}"

    def kill_all(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()

    def log(self, kind: str) -> Path:
        return self.directory / f"{kind.replace(' ', '-')}.log"

    def logged(self, kind: str, text: str) -> bool:
        return re.search(re.escape(text), self.log(kind).read_text()) is not None

    async def _install(self) -> None:
        services = build_services(
            dsns=self.dsns, bootstrap=self.bootstrap, credentials=self.credentials, port=0
        )
        for service in services.all():
            await self.credentials.install(service)
            await service.close()

    def _await_ready(self, kind: str) -> None:
        deadline = time.monotonic() + START_WITHIN_SECONDS
        url = f"http://127.0.0.1:{self.ports[kind]}/readyz"
        while time.monotonic() < deadline and self.processes[kind].poll() is None:
            try:
                if httpx.get(url, trust_env=False, timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{kind} is not ready:\n{tail(self.log(kind))}")

    def _environment(self, kind: str) -> dict[str, str]:
        name = kind.partition(" ")[0]
        prefix = name.upper()
        own = {
            "POSTGRES__DSN": self.dsns[name],
            "KAFKA__BOOTSTRAP": self.bootstrap,
            "AUTH__PEPPER": self.credentials.pepper,
            "AUTH__ENVIRONMENT": "test",
            "AUTH__SERVICE_KEY": self.credentials.service_key,
            "AUTH__ISSUERS": _trusted(self.credentials),
            "HTTP__PORT": str(self.ports[kind]),
            "HTTP__CURSOR_SECRET": self.credentials.cursor_secret,
        }
        if name == "interactions":
            own |= {
                # A machine that is busy testing is not what this deadline is for.
                "IDENTITY__DEADLINE_SECONDS": "5",
                "IDENTITY__BASE_URL": f"http://127.0.0.1:{self.ports['identity api']}",
                "SEALING__KEYS": f'{{"test": "{self.credentials.sealing_key}"}}',
                "SEALING__CURRENT": "test",
                "INBOUND_TENANT": "demo",
            }
        return dict(os.environ) | {f"{prefix}_{key}": value for key, value in own.items()}


def _trusted(credentials: Credentials) -> str:
    """Return the issuers that services trust, as their setting wants it."""
    jwks = ServiceTokens.public_jwks(SecretStr(credentials.service_key))
    return dumps_text([{"issuer": "threadline:interactions", "audience": AUDIENCE, "jwks": jwks}])


@contextmanager
def running_fleet(
    directory: Path, server: Server, templates: Templates, bootstrap: str
) -> Iterator[Fleet]:
    """Migrate, make keys, start all six, and stop whatever is left at the end."""
    names = {name: templates.clone(name) for name in NAMES}
    dsns = {name: server.dsn(database) for name, database in names.items()}
    fleet = Fleet(directory, dsns, bootstrap, kept_in(directory))
    try:
        fleet.install()
        fleet.migrate()
        fleet.start(*fleet.ports)
        yield fleet
        fleet.stop(*list(fleet.processes))
    finally:
        fleet.kill_all()
        templates.drop(list(names.values()))


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
