"""What can be done to a server from outside: kill it, freeze it, and start it again."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

import psutil


class Restartable(Protocol):
    """A ``KafkaNode`` or ``EmbeddedPostgres``: it comes back where it was, with its data."""

    process: subprocess.Popen[bytes] | None

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class Faults:
    """The hands of a drill on one server. A server is all its processes: Postgres has many."""

    server: Restartable

    def kill(self) -> None:
        """End it as a power cut would, save that what it gave to the system is kept."""
        for process in self._processes():
            process.kill()
        if self.server.process is not None:
            self.server.process.wait()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Let it be away by ``kill -9`` for a while."""
        self.kill()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let it be away by an orderly stop for a while."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hold its connections and answer nothing for a while."""
        frozen: list[psutil.Process] = []
        for process in self._processes():  # the root comes first, so nothing new is born
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
