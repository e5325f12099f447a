"""Processes as forks of one that has imported all services.

Most of the time until a process is ready goes into imports, and drills start hundreds of processes.
A fork runs the same as ``python -m`` with its arguments, environment, directory and log.
"""

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import cast

from devstack.servers.launch import follow_parent
from devstack.stack import services

_PRELOADED = ("devstack.fleet.fork_server", services.__name__, __name__, "common.cli")


class Fork:
    """A forked process, with the methods of ``subprocess.Popen`` that tests use."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = cast("int", process.pid)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(
    words: Sequence[str], *, environment: Mapping[str, str], directory: Path, out: Path, err: Path
) -> Fork:
    """Run a module, the first of ``words``, with the others as its arguments.

    What it prints is added to the files ``out`` and ``err``.
    """
    arguments = (list(words), dict(environment), directory, out, err)
    process = _server().Process(target=_run, args=arguments, name=" ".join(words), daemon=True)
    process.start()
    return Fork(process)


@cache
def _server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    return context


def _run(
    words: Sequence[str], environment: Mapping[str, str], directory: Path, out: Path, err: Path
) -> None:
    follow_parent(os.getppid(), signal.SIGTERM)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
