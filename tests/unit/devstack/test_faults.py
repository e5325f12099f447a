"""A server that was killed is started again, even if some of its processes ended by themselves."""

import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from devstack.fleet.faults import Faults

SLEEP = ["sleep", "600"]


class Sleeper:
    """A server that does nothing."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(SLEEP)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


class FaultsAfterAnEnd(Faults):
    """Faults of a server whose first process ends after they were listed."""

    def _processes(self) -> list[psutil.Process]:
        with subprocess.Popen(SLEEP) as ending:
            ended = psutil.Process(ending.pid)
            ending.kill()
        return [ended, *super()._processes()]


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    server = Sleeper()
    server.start()
    yield server
    server.stop()


def test_a_server_is_killed_and_started_again_though_one_of_its_processes_has_ended(
    sleeper: Sleeper,
):
    first = sleeper.process
    assert first is not None
    with FaultsAfterAnEnd(sleeper).killed():
        assert first.returncode == -signal.SIGKILL
    assert sleeper.process is not first
    assert sleeper.process is not None
    assert sleeper.process.poll() is None
