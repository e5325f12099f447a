"""The whole product as users start it: ``python -m devstack serve`` in a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devstack.servers.children import free_port, tail, tie_to_parent
from devstack.servers.patience import patient
from devstack.servers.scratch import scratch_directory
from devstack.stack.endpoints import Endpoints
from devstack.stack.welcome import FIRST_CALL, SECOND_CALL
from devstack.testing.observation.leaks import assert_nothing_leaked, read_logs

ROOT = Path(__file__).parents[5]
START_WITHIN_SECONDS = 90.0
STOP_WITHIN_SECONDS = 30.0
PATIENCE_SECONDS = 60.0
"""How long a client waits; what a call may take is a matter of other tests."""
LOGS = ("threadline.log", "postgres/postgres.log", "broker/broker.log")


@dataclass(frozen=True)
class StackProcess:
    endpoints: Endpoints
    process: subprocess.Popen[bytes]
    directory: Path

    def output(self) -> str:
        """Return what it printed."""
        return (self.directory / "output.log").read_text()

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        """Return a client with ``key``, by default tenant demo's."""
        headers = {"Authorization": f"Bearer {key or self.endpoints.api_key}"}
        return httpx.AsyncClient(
            base_url=self.endpoints.base_url,
            headers=headers,
            trust_env=False,
            timeout=PATIENCE_SECONDS,
        )

    def stop(self) -> int:
        """Stop the stack as a service manager would; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(patient(STOP_WITHIN_SECONDS))

    def kill(self) -> None:
        """Kill the stack's own process with SIGKILL."""
        self.process.kill()
        self.process.wait()


@contextmanager
def stack_process(
    directory: Path, environment: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[StackProcess]:
    """Start a stack over ``directory``, yield it once it is ready, and stop it if it still runs."""
    outer = {k: v for k, v in os.environ.items() if k not in {"POSTGRES_DSN", "KAFKA_BOOTSTRAP"}}
    own = {"EMBEDDED_DATA": str(directory)} | dict(environment or {})
    directory.mkdir(parents=True, exist_ok=True)
    output = directory / "output.log"
    command = [sys.executable, "-m", "devstack", "serve"]
    for name in ("port", "kafka-port", "postgres-port"):
        command += [f"--{name}", str(free_port())]
    command += arguments
    with output.open("ab") as log:
        process = subprocess.Popen(
            tie_to_parent(command, death_signal=signal.SIGTERM),
            cwd=ROOT,
            env=outer | own,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield StackProcess(_wait_ready(directory, process, output), process, directory)
        if process.poll() is None:
            process.terminate()
            assert process.wait(patient(STOP_WITHIN_SECONDS)) == 0, tail(output)
    finally:
        process.kill()
        process.wait()
    assert_nothing_leaked(read_logs(*(directory / name for name in LOGS)))
    assert_nothing_leaked({"the console": "\n".join(_beyond_the_welcome(output.read_text()))})


def _beyond_the_welcome(printed: str) -> list[str]:
    """Return the lines without those whose purpose is to show keys and an example."""
    example = {*FIRST_CALL.splitlines(), *SECOND_CALL.splitlines()}
    return [line for line in printed.splitlines() if "tl_test_" not in line and line not in example]


def _wait_ready(directory: Path, process: subprocess.Popen[bytes], output: Path) -> Endpoints:
    began = time.monotonic()
    endpoints_file = directory / "endpoints.json"
    while process.poll() is None and time.monotonic() - began < patient(START_WITHIN_SECONDS):
        if endpoints_file.exists():
            endpoints = Endpoints(**json.loads(endpoints_file.read_text()))
            if endpoints.pid == process.pid:
                return endpoints
        time.sleep(0.05)
    raise AssertionError(f"the stack did not start:\n{tail(output)}")


@pytest.fixture(scope="module")
def stack() -> Iterator[StackProcess]:
    """One stack for the module, with its own servers. Each test needs unique identifiers."""
    with scratch_directory() as directory, stack_process(directory) as running:
        yield running
