"""The whole product as its users start it: ``python -m devstack serve`` in a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devstack.servers.children import free_port, tail, tied
from devstack.stack.endpoints import Endpoints
from devstack.testing.leaks import assert_nothing_leaked, logged

ROOT = Path(__file__).parents[5]
START_WITHIN_SECONDS = 90.0
STOP_WITHIN_SECONDS = 30.0
LOGS = ("threadline.log", "postgres/postgres.log", "broker/broker.log")


@dataclass(frozen=True)
class Served:
    endpoints: Endpoints
    process: subprocess.Popen[bytes]

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        """Return a client with tenant demo's key, or another."""
        headers = {"Authorization": f"Bearer {key or self.endpoints.api_key}"}
        return httpx.AsyncClient(
            base_url=self.endpoints.base_url, headers=headers, trust_env=False, timeout=10
        )

    def stop(self) -> int:
        """End it as a service manager would; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_WITHIN_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would, as far as its own process goes."""
        self.process.kill()
        self.process.wait()


@contextmanager
def served(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Serve over ``directory`` and give it once it answers; stop it if that is still to do."""
    outer = {k: v for k, v in os.environ.items() if k not in {"POSTGRES_DSN", "KAFKA_BOOTSTRAP"}}
    own = {"EMBEDDED_DATA": str(directory)} | dict(environment or {})
    directory.mkdir(parents=True, exist_ok=True)
    output = directory / "output.log"
    command = [sys.executable, "-m", "devstack", "serve", "--port", str(free_port())]
    with output.open("ab") as log:
        process = subprocess.Popen(
            tied(command, death_signal=signal.SIGTERM),
            cwd=ROOT,
            env=outer | own,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Served(_answering(directory, process, output), process)
        if process.poll() is None:
            process.terminate()
            assert process.wait(STOP_WITHIN_SECONDS) == 0, tail(output)
    finally:
        process.kill()
        process.wait()
    assert_nothing_leaked(logged(*(directory / name for name in LOGS)))
    shown = [line for line in output.read_text().splitlines() if "API key of tenant" not in line]
    assert_nothing_leaked({"the console": "\n".join(shown)})


def _answering(directory: Path, process: subprocess.Popen[bytes], output: Path) -> Endpoints:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    written = directory / "endpoints.json"
    while process.poll() is None and time.monotonic() < deadline:
        if written.exists() and (found := json.loads(written.read_text()))["pid"] == process.pid:
            return Endpoints(**found)
        time.sleep(0.05)
    raise AssertionError(f"the stack did not start:\n{tail(output)}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One stack for the module, with servers of its own. Use identifiers nobody else uses."""
    with served(tmp_path_factory.mktemp("stack")) as running:
        yield running
