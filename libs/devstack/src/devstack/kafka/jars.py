"""Fetch Apache Kafka's jars with Maven, once per version of ``pom.xml``."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(os.environ.get("THREADLINE_CACHE") or Path(__file__).parents[5] / ".cache") / "kafka"
"""Outside a checkout that is read-only, ``THREADLINE_CACHE`` must name another folder."""
NEEDED_JAVA = 17


class UnavailableError(Exception):
    """Apache Kafka is unavailable on this machine; the message says why."""


def fetch() -> Path:
    """Return the folder of jars, fetching them with Maven if it does not exist yet.

    Raises ``UnavailableError`` when Java or Maven is missing or the jars cannot be fetched.
    """
    _check_tools()
    folder = CACHE / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        # -C: a jar that does not match its checksum is an error, not a warning.
        command = ["mvn", "-B", "-q", "-C", "-f", str(POM), "dependency:copy-dependencies"]
        completed = _run([*command, f"-DoutputDirectory={draft}"], within_seconds=600)
        if completed.returncode != 0:
            raise UnavailableError(f"Maven could not fetch the jars:\n{completed.stdout[-1500:]}")
        draft.rename(folder)
    return folder


def _check_tools() -> None:
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} is not installed")
    output = _run(["java", "-version"], within_seconds=30).stdout
    version = re.search(r'version "(\d+)', output)
    if version is None or int(version[1]) < NEEDED_JAVA:
        raise UnavailableError(f"Java {NEEDED_JAVA} or later is required")


def _run(command: list[str], *, within_seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{command[0]} did not answer in {within_seconds:.0f} s") from error
