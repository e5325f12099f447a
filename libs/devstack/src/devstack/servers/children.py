"""Child processes that never outlive us, and the little that two kinds of server share."""

import fcntl
import importlib.util
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_LAUNCH = Path(__file__).with_name("launch.py")
UNPRIVILEGED = "nobody"


class StartError(Exception):
    """A server did not come up; the message holds the end of its log."""


def drops_root() -> bool:
    """Say whether children that refuse to run as root must change their user."""
    return os.geteuid() == 0


def run_as_unprivileged(command: Sequence[str]) -> None:
    """Run a command to its end as a user that is not root; raise ``StartError`` if it fails."""
    done = subprocess.run(
        tied(command, death_signal=signal.SIGKILL, unprivileged=True),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StartError(f"{Path(command[0]).name} failed: {done.stdout}{done.stderr}")


def spawn(
    command: Sequence[str], *, log: Path, death_signal: signal.Signals, unprivileged: bool = False
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C reaches us first.

    It gets ``death_signal`` when the calling thread's process dies, even by ``kill -9``.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            tied(command, death_signal=death_signal, unprivileged=unprivileged),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def tied(
    command: Sequence[str], *, death_signal: signal.Signals, unprivileged: bool = False
) -> list[str]:
    """Return the command that runs ``command`` and ends with this process."""
    options = [str(os.getpid()), death_signal.name, "-", "-"]
    if unprivileged and drops_root():
        named = [Path(word) for word in command if word.startswith("/")]
        options[2:] = [UNPRIVILEGED, "-" if all(map(_open_to_all, named)) else "walk"]
    return [sys.executable, "-I", "-S", str(_LAUNCH), *options, *command]


def _open_to_all(path: Path) -> bool:
    return all(above.stat().st_mode & 0o001 for above in path.parents)


def installed(package: str, *parts: str) -> str:
    """Return the path of a file of an installed wheel, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartError(f"{package} is not installed; run `make setup`")
    return str(Path(spec.origin).parent.joinpath(*parts))


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, log: Path, within: float
) -> None:
    """Wait for a started server; raise ``StartError`` when it dies or needs too long."""
    deadline = time.monotonic() + within
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            state = f"ended with {process.returncode}" if process.poll() is not None else "is mute"
            process.kill()
            raise StartError(f"server {state}; its log ends:\n{tail(log)}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, within: float) -> None:
    """Ask a child to end, and insist after ``within`` seconds."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_orphan(pid: int, *, marker: str, with_signal: signal.Signals, within: float = 10) -> None:
    """End what an earlier, killed parent left behind: ``pid``, if its command names ``marker``."""
    deadline = time.monotonic() + within
    while _runs(pid, marker):
        late = time.monotonic() > deadline
        os.kill(pid, signal.SIGKILL if late else with_signal)
        time.sleep(0.1)


def _runs(pid: int, marker: str) -> bool:
    """Only a process whose command line names our data directory is ours; pids are reused."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and marker in process.cmdline()
    except psutil.NoSuchProcess:
        return False


@contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Own a data directory alone; raise ``StartError`` when a living process has it."""
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(f"{directory} is in use by another running stack") from error
        yield


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses at the moment.

    It is below the ports that systems give to outgoing connections: while a server is down, one of
    these could take its port, even a connection to that very port, and keep it from coming back.
    """
    for port in random.sample(range(10_000, 32_768), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StartError("no port of 127.0.0.1 is free")


def accepts(port: int) -> bool:
    """Say whether something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tail(log: Path, *, characters: int = 2000) -> str:
    return log.read_text(errors="replace")[-characters:] if log.exists() else "(no log)"
