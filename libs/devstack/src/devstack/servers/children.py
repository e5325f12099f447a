"""Child processes that never outlive their parent: start, wait for, stop; free ports; logs."""

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

from devstack.servers.patience import patient

_LAUNCH = Path(__file__).with_name("launch.py")
UNPRIVILEGED = "nobody"


class StartError(Exception):
    """A server failed to start; the message contains the end of its log."""


def runs_as_root() -> bool:
    """Return whether this process is root, so that some children must change their user."""
    return os.geteuid() == 0


def run_as_unprivileged(command: Sequence[str]) -> None:
    """Run a command to completion as a non-root user; raise ``StartError`` if it fails."""
    completed = subprocess.run(
        tie_to_parent(command, death_signal=signal.SIGKILL, unprivileged=True),
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode != 0:
        output = completed.stdout + completed.stderr
        raise StartError(f"{Path(command[0]).name} failed: {output}{_advice(output)}")


def _advice(output: str) -> str:
    if not runs_as_root() or "Permission denied" not in output:
        return ""
    return (
        f"Postgres runs as the user {UNPRIVILEGED}, which cannot enter a directory above. Run as"
        " another user than root, or name directories that every user may enter with VENV=… and"
        " EMBEDDED_DATA=…"
    )


def spawn(
    command: Sequence[str], *, log: Path, death_signal: signal.Signals, unprivileged: bool = False
) -> subprocess.Popen[bytes]:
    """Start a server in its own session, so that Ctrl-C reaches only this process.

    The server receives ``death_signal`` when the thread that started it ends, even by ``kill -9``.
    """
    with log.open("ab") as out:
        return subprocess.Popen(
            tie_to_parent(command, death_signal=death_signal, unprivileged=unprivileged),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def tie_to_parent(
    command: Sequence[str], *, death_signal: signal.Signals, unprivileged: bool = False
) -> list[str]:
    """Return a command that runs ``command`` and ends when this process ends."""
    options = [str(os.getpid()), death_signal.name, "-", "-"]
    if unprivileged and runs_as_root():
        paths = [Path(word) for word in command if word.startswith("/")]
        options[2:] = [UNPRIVILEGED, "-" if all(map(_is_reachable, paths)) else "walk"]
    return [sys.executable, "-I", "-S", str(_LAUNCH), *options, *command]


def _is_reachable(path: Path) -> bool:
    """Return whether every user may walk through the directories above ``path``."""
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


def find_installed(package: str, *parts: str) -> str:
    """Return the path of a file in an installed wheel, without importing the wheel."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StartError(f"{package} is not installed; run `make setup`")
    return str(Path(spec.origin).parent.joinpath(*parts))


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, log: Path, within: float
) -> None:
    """Wait until a server is ready; raise ``StartError`` if it dies or takes too long."""
    began = time.monotonic()
    while not ready():
        waited = time.monotonic() - began
        ended = process.poll() is not None
        if ended or waited > patient(within):
            process.kill()
            state = f"exited with {process.returncode}" if ended else f"not ready in {waited:.0f} s"
            raise StartError(f"server {state}; end of its log:\n{tail(log)}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, within: float) -> None:
    """Stop a child with a signal, and kill it after ``within`` seconds."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(patient(within))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_orphan(pid: int, *, marker: str, with_signal: signal.Signals, within: float = 10) -> None:
    """End process ``pid`` of a killed parent if its command line contains ``marker``."""
    began = time.monotonic()
    while _runs(pid, marker):
        overdue = time.monotonic() - began > patient(within)
        os.kill(pid, signal.SIGKILL if overdue else with_signal)
        time.sleep(0.1)


def _runs(pid: int, marker: str) -> bool:
    """Return whether ``pid`` is alive and its command line contains ``marker``.

    Pids are reused: only a process whose command line contains our data directory is ours.
    """
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and marker in process.cmdline()
    except psutil.NoSuchProcess:
        return False


@contextmanager
def lock_directory(directory: Path) -> Iterator[None]:
    """Create a data directory and lock it.

    Raises ``StartError`` if a running process holds the lock, or the directory cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise not_writable(directory, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(f"{directory} is in use by another running stack") from error
        yield


def not_writable(directory: Path, error: OSError) -> StartError:
    """Return the error for a data directory that this user cannot write to."""
    return StartError(
        f"the data cannot be kept in {directory} ({error.strerror}); name a directory that this"
        " user may write to with EMBEDDED_DATA=…"
    )


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free at the moment.

    The port is below the range for outgoing connections: while a server is down, an outgoing
    connection, even one to that very port, could take the port and block the server's return.
    """
    for port in random.sample(range(10_000, 32_768), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StartError("no free port on 127.0.0.1 in 1,000 tries; close some servers")


def check_free(port: int, *, purpose: str, setting: str) -> None:
    """Raise ``StartError`` if something listens on ``port``; the message says what to do."""
    if port and is_listening(port):
        raise StartError(
            f"port {port}, for {purpose}, is in use{_listener(port)};"
            f" stop that or choose another port with {setting}=…"
        )


def _listener(port: int) -> str:
    """Return the process that listens on a port, in brackets, where this user may know it."""
    with suppress(psutil.Error, OSError):
        for entry in psutil.net_connections("tcp"):
            if entry.status == psutil.CONN_LISTEN and entry.laddr.port == port and entry.pid:
                return f" (by {psutil.Process(entry.pid).name()}, process {entry.pid})"
    return ""


def is_listening(port: int) -> bool:
    """Return whether something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tail(log: Path, *, characters: int = 2000) -> str:
    return log.read_text(errors="replace")[-characters:] if log.exists() else "(no log)"
