"""The plan of each statement as it ran, from ``auto_explain``, recorded after the measurements."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devstack.servers.postgres import Server
from devstack.testing.postgres import execute

_SWITCHES = {
    "log_min_duration": "0",
    "log_analyze": "on",
    "log_buffers": "on",
    "log_parameter_max_length": "0",
}
_ENTRY = re.compile(
    r"^\d{4}-\d\d-\d\d [^\n]*duration: ([\d.]+) ms  plan:\n(.*?)(?=^\d{4}-\d\d-\d\d |\Z)",
    re.MULTILINE | re.DOTALL,
)
_RELOAD_SECONDS = 0.3


@dataclass
class Plans:
    """The plans recorded so far, by part of the benchmark and by the statement's text."""

    server: Server
    log: Path
    seen: dict[str, dict[str, str]] = field(default_factory=dict)

    @contextmanager
    def recorded(self, part: str) -> Iterator[None]:
        """Record the plan of every statement that any process runs in the block; the last wins."""
        start = self.log.stat().st_size
        self._set(_SWITCHES)
        try:
            yield
        finally:
            self._set(dict.fromkeys(_SWITCHES))
        with self.log.open() as log:
            log.seek(start)
            written = log.read()
        plans = self.seen.setdefault(part, {})
        for _, entry in _ENTRY.findall(written):
            statement, plan = _split(entry)
            plans[statement] = plan

    def _set(self, switches: dict[str, str] | dict[str, None]) -> None:
        changes = [
            f"ALTER SYSTEM RESET auto_explain.{name}"
            if value is None
            else f"ALTER SYSTEM SET auto_explain.{name} = '{value}'"
            for name, value in switches.items()
        ]
        execute(self.server.admin_dsn, *changes, "SELECT pg_reload_conf()")
        time.sleep(_RELOAD_SECONDS)  # each session applies it before its next statement


def _split(entry: str) -> tuple[str, str]:
    """Return the statement and the plan of a log entry."""
    lines = [line.removeprefix("\t") for line in entry.rstrip().split("\n")]
    start = next(i for i, line in enumerate(lines) if "(cost=" in line)
    statement = "\n".join(lines[:start]).removeprefix("Query Text:").strip()
    return statement, "\n".join(lines[start:])
