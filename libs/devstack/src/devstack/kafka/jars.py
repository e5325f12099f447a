"""Fetch Apache Kafka's jars through Maven, once per content of ``pom.xml``."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(__file__).parents[5] / ".cache" / "kafka"
NEEDED_JAVA = 17


class UnavailableError(Exception):
    """Apache Kafka cannot be had on this machine; the message says why."""


def fetch() -> Path:
    """Return the folder of jars, filled by Maven when it is not there yet.

    Raises ``UnavailableError`` when Java or Maven is missing or the jars cannot be fetched.
    """
    _check_tools()
    folder = CACHE / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        # -C: a jar that does not match its checksum is an error, not a warning.
        command = ["mvn", "-B", "-q", "-C", "-f", str(POM), "dependency:copy-dependencies"]
        done = _run([*command, f"-DoutputDirectory={draft}"], within_seconds=600)
        if done.returncode != 0:
            raise UnavailableError(f"Maven could not fetch its jars:\n{done.stdout[-1500:]}")
        draft.rename(folder)
    return folder


def _check_tools() -> None:
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"there is no {tool} on this machine")
    shown = _run(["java", "-version"], within_seconds=30).stdout
    found = re.search(r'version "(\d+)', shown)
    if found is None or int(found[1]) < NEEDED_JAVA:
        raise UnavailableError(f"Java {NEEDED_JAVA} is needed")


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
