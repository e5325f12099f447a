"""Forked processes do what those from the command line do."""

import os
import signal
from pathlib import Path

import psutil

from devstack.fleet.forks import Fork, fork
from devstack.servers.children import free_port, is_listening
from devstack.testing.wait import until


def run(directory: Path, *words: str) -> Fork:
    return fork(
        words,
        environment={"HOME": str(directory)},
        directory=directory,
        out=directory / "out",
        err=directory / "err",
    )


def test_a_fork_prints_what_the_module_prints_and_exits_as_it_does(tmp_path):
    assert run(tmp_path, "calendar", "2026", "2").wait() == 0
    assert "February 2026" in (tmp_path / "out").read_text()
    assert run(tmp_path, "calendar", "2026", "February").wait() == 2
    assert "usage: calendar" in (tmp_path / "err").read_text()


async def test_a_fork_that_is_killed_says_by_which_signal(tmp_path):
    port = free_port()
    process = run(tmp_path, "http.server", str(port))
    await until(lambda: is_listening(port))
    assert process.poll() is None
    assert psutil.Process(process.pid).cwd() == str(tmp_path)
    process.kill()
    assert process.wait() == process.returncode == -signal.SIGKILL
    process.terminate()


def test_forks_have_the_environment_that_they_are_given(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "elsewhere")
    # The module site prints the directory of a user's own packages.
    run(tmp_path, "site", "--user-base").wait()
    assert (tmp_path / "out").read_text().startswith(str(tmp_path))
    assert os.environ["HOME"] == "elsewhere"
