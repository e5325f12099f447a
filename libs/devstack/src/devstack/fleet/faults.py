"""Faults of a server: kill it, stop it, freeze it, and start it again."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import psutil


class Restartable(Protocol):
    """A ``KafkaNode`` or ``EmbeddedPostgres``: it restarts on its port, with its data."""

    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class Faults:
    """Injects faults into all processes of one server; Postgres has many."""

    server: Restartable

    def kill(self) -> None:
        """Kill the server as a power cut would, but keep what it gave to the system."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):  # children may end with the root
                process.kill()
        if self.server.process is not None:
            self.server.process.wait()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Kill the server, and start it again at the end of the block."""
        self.kill()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server in an orderly way, and start it again at the end of the block."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend the server, which keeps its connections but answers nothing, during the block."""
        frozen: list[psutil.Process] = []
        for process in self._processes():  # the root first, so that it forks no more
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                frozen.append(process)
        try:
            yield
        finally:
            for process in frozen:
                process.resume()

    def _processes(self) -> list[psutil.Process]:
        if self.server.process is None:
            return []
        root = psutil.Process(self.server.process.pid)
        return [root, *root.children(recursive=True)]
