"""Processes of services that a test starts and ends in any way.

The name of a process, such as ``sla worker``, is the service and the command that starts it. A
third word makes another process of the same kind: ``interactions relay 2``.
"""

import asyncio
import re
import signal
import subprocess
import sys
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from devstack.fleet.forks import Fork, fork
from devstack.servers.children import free_port, tail, tie_to_parent
from devstack.servers.patience import patient
from devstack.testing.wait import until

ROOT = Path(__file__).parents[5]
START_WITHIN_SECONDS = 150.0
STOP_WITHIN_SECONDS = 25.0
RESTART_AFTER_SECONDS = 0.5
KILLED = -signal.SIGKILL


class Processes:
    """Processes by name, with one directory for their logs."""

    is_forked = True
    """Whether processes may be forks, which start faster than from the command line."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports: dict[str, int] = {}
        self.processes: dict[str, Fork | subprocess.Popen[bytes]] = {}

    @abstractmethod
    def environment(self, name: str) -> Mapping[str, str]:
        """Return the environment of a process or of a command such as ``migrate``."""

    def port(self, name: str) -> int:
        """Return the port of a process, which stays the same across restarts."""
        if name not in self.ports:
            self.ports[name] = free_port()
        return self.ports[name]

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port(name)}"

    def start(self, *names: str) -> None:
        """Start processes such as ``sla worker`` and return once they are ready."""
        for name in names:
            self.launch(name)
        began, waiting = time.monotonic(), list(names)
        while waiting := [name for name in waiting if not self.is_ready(name)]:
            waited = time.monotonic() - began
            assert waited < patient(START_WITHIN_SECONDS), f"not ready: {waiting}"
            time.sleep(0.2)

    def launch(self, name: str, *, through: Sequence[str] = ()) -> None:
        """Start a process without waiting; ``through`` is a module that runs it, with arguments.

        Not in another thread: a child ends when the thread that started it ends.
        """
        words = [*through, *name.split()[:2]]
        environment = {**self.environment(name), "PYTHONPATH": str(ROOT)}
        if self.is_forked and "LD_PRELOAD" not in environment:
            self.processes[name] = fork(
                words,
                environment=environment,
                directory=self.directory,
                out=self.log(name),
                err=self.log(name),
            )
            return
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                tie_to_parent([sys.executable, "-m", *words], death_signal=signal.SIGTERM),
                cwd=self.directory,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    async def wait_ready(self, *names: str) -> None:
        """Wait until processes are ready, without blocking the loop."""
        for name in names:
            await until(partial(self.is_ready, name), START_WITHIN_SECONDS, every=0.2)

    def is_ready(self, name: str) -> bool:
        """Return whether a process is ready; fail if it has ended."""
        ended = self.processes[name].poll() is not None
        assert not ended, f"{name} exited:\n{tail(self.log(name))}"
        return self._get(name, "/readyz")[0] == HTTPStatus.OK

    def metrics(self) -> dict[str, str]:
        """Return the metrics of the processes that answer, by their source."""
        answers = {f"the metrics of {name}": self._get(name, "/metrics") for name in self.processes}
        return {
            source: text for source, (status, text) in answers.items() if status == HTTPStatus.OK
        }

    def _get(self, name: str, path: str) -> tuple[int, str]:
        """Return the status and the text of the response; status 0 if there is no response."""
        connection = HTTPConnection("127.0.0.1", self.port(name), timeout=2)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        return 0, ""

    def stop(self, *names: str) -> None:
        """Stop processes as a service manager would; they must exit with 0 within 25 s."""
        for name in names:
            self.processes[name].terminate()
        for name in names:
            code = self.processes.pop(name).wait(patient(STOP_WITHIN_SECONDS))
            assert code == 0, f"{name} exited with {code}:\n{tail(self.log(name))}"

    def kill(self, *names: str) -> None:
        """Kill processes with SIGKILL."""
        for name in names:
            self.processes[name].kill()
        for name in names:
            self.processes[name].wait()

    def freeze(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGCONT)

    async def restore(self, names: Sequence[str]) -> None:
        """Start those processes that do not run, thaw the frozen, and kill all others."""
        for name in self.processes.keys() - set(names):
            self.kill(name)
            del self.processes[name]
        for name in names:
            if name not in self.processes or self.processes[name].poll() is not None:
                self.launch(name)
                await self.wait_ready(name)
            self.thaw(name)

    async def wait_for_exit(self, name: str, within: float = 30.0) -> int:
        """Wait until a process has ended by itself; return its exit code."""
        process = self.processes[name]
        await until(lambda: process.poll() is not None, within, every=0.02)
        return process.wait()

    @asynccontextmanager
    async def supervised(self) -> AsyncIterator[list[str]]:
        """Restart processes that die, as a service manager would; yield the list of their names."""
        restarted: list[str] = []
        watching = asyncio.create_task(self._supervise(restarted))
        try:
            yield restarted
        finally:
            watching.cancel()
            await asyncio.wait({watching})
            self._revive(restarted)

    async def _supervise(self, restarted: list[str]) -> None:
        while True:
            await asyncio.sleep(RESTART_AFTER_SECONDS)
            self._revive(restarted)

    def _revive(self, restarted: list[str]) -> None:
        for name in [n for n, p in self.processes.items() if p.poll() is not None]:
            self.launch(name)
            restarted.append(name)

    @asynccontextmanager
    async def without(self, name: str) -> AsyncIterator[None]:
        """Stop a process, and start it again at the end of the block."""
        self.stop(name)
        try:
            yield
        finally:
            self.launch(name)
            await self.wait_ready(name)

    def kill_all(self) -> None:
        self.kill(*self.processes)
        self.processes.clear()

    def log(self, name: str) -> Path:
        return self.directory / f"{name.replace(' ', '-')}.log"

    def log_contains(self, name: str, text: str) -> bool:
        return re.search(re.escape(text), self.log(name).read_text()) is not None

    def run(self, service: str, *words: str, more: Mapping[str, str] | None = None) -> str:
        """Run a service's command, such as ``migrate``, to completion; return its output.

        ``more`` adds to its environment.
        """
        out = self.directory / f"{service}.out"
        out.write_text("")
        command = fork(
            [service, *words],
            environment={**self.environment(f"{service} api"), **(more or {})},
            directory=self.directory,
            out=out,
            err=self.log(f"{service} commands"),
        )
        code = command.wait()
        assert code == 0, f"{words} exited with {code}:\n{tail(self.log(f'{service} commands'))}"
        return out.read_text()
