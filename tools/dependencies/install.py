"""Runs ``pip install`` and tells in short what it is doing: ``install.py ARGUMENTS…``.

It needs only the standard library: it runs before anything is installed.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TextIO

PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color"]
EVERY_SECONDS = 5.0
"""How often a line is printed where it cannot replace the one before."""
_DOWNLOAD = re.compile(r"Downloading (?P<file>\S+?)(?P<version>-\d\S*)? \((?P<size>[^)]+)\)")


def step_of(line: str) -> str | None:
    """Return what a line of pip's output says in short, or None."""
    if download := _DOWNLOAD.match(line.strip()):
        name = download["file"].rpartition("/")[2]
        return f"downloading {name} ({download['size']})"
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return None


def shown_on(
    stream: TextIO, *, replaces: bool, clock: Callable[[], float]
) -> Callable[[str], None]:
    """Return a function that shows a step: in one line that changes, or now and then in a new."""
    last = -EVERY_SECONDS

    def show(step: str) -> None:
        nonlocal last
        if replaces:
            stream.write(f"\r\x1b[K  {step}")
        elif clock() - last >= EVERY_SECONDS or not step.startswith("downloading"):
            stream.write(f"  {step}\n")
            last = clock()
        stream.flush()

    return show


def main(arguments: list[str]) -> int:
    replaces = sys.stderr.isatty()
    show = shown_on(sys.stderr, replaces=replaces, clock=time.monotonic)
    command = [sys.executable, *PIP, "install", "--progress-bar", "off", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output: list[str] = []
    for line in process.stdout or ():
        output.append(line)
        if step := step_of(line):
            show(step)
    if replaces:
        sys.stderr.write("\r\x1b[K")
    if code := process.wait():
        sys.stderr.write("".join(output[-30:]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
