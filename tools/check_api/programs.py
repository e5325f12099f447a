"""The programs that the checks run, and where they work."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "contracts/threadline.openapi.json"
EXAMPLES = ROOT / "examples/clients"
WORK = ROOT / "build/clients"
BIN = WORK / "venv/bin"
NODE = WORK / "node"
"""Where the tools of ``requirements/node`` are installed."""
_LIMIT_SECONDS = 600
"""A program that hangs ends then; a busy machine takes its time."""


class CheckError(Exception):
    """A check failed; the text says why."""


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it wrote.

    Raises:
        CheckError: It failed; the text is what it wrote, errors last.
    """
    finished = attempt(*command, cwd=cwd, env=env)
    if finished.returncode != 0:
        raise CheckError(f"{finished.stdout}{finished.stderr}".strip())
    return finished.stdout


def attempt(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program that may fail, with the checks' own programs first in its path."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **quiet, **(env or {}), "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_SECONDS,
    )


def installed(name: str) -> Path:
    """Return a program that npm installed."""
    return NODE / "node_modules/.bin" / name
