"""Do the lock files follow from their ``.in`` files, and are they free of addresses?

``python -m tools.dependencies.locks`` compares, ``--write`` writes, ``--write --upgrade`` lifts the
pins. Pins are kept where they still fit, so a new release upstream changes nothing by itself.
"""

import argparse
import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.dependencies import npm_lock as npm

FOLDER = Path(__file__).parents[2] / "requirements"
NAMES = ("base", "embedded", "dev", "tools")  # in this order: each is constrained by those before
APART = ("clients",)  # in an environment of its own
NODE = "node"
OPTIONS = (
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
)
UPGRADE = ("--upgrade", "--exclude-newer=7 days")
"""A release is taken up a week after it came out, when others have had time to find what is bad."""


def compile_locks(folder: Path, *, upgrade: bool = False) -> None:
    """Resolve the ``.in`` files of ``folder`` into its ``.txt`` files, starting from those."""
    uv = Path(sys.executable).with_name("uv")
    for name in (*NAMES, *APART):
        command = [str(uv), "pip", "compile", *OPTIONS, *(UPGRADE if upgrade else ())]
        # From the folder above, because the paths are written into the file's comments.
        files = ["-o", f"{folder.name}/{name}.txt", f"{folder.name}/{name}.in"]
        subprocess.run([*command, *files], cwd=folder.parent, check=True)
    npm.compile_npm_lock(folder / NODE, upgrade=upgrade)


def differences(folder: Path) -> list[str]:
    """Return what is wrong with the lock files of ``folder``, as lines for a person."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "requirements")
        shutil.copytree(folder, copy)
        compile_locks(copy)
        npm_lock = folder / NODE / npm.NAME
        for lock in (*sorted(folder.glob("*.txt")), npm_lock):
            ours, fresh = lock.read_text(), (copy / lock.relative_to(folder)).read_text()
            found += difflib.unified_diff(
                ours.splitlines(), fresh.splitlines(), lock.name, "resolved", lineterm="", n=0
            )
            found += [f"{lock.name} names an address: {line}" for line in addresses(ours)]
    found += [f"{npm.NAME} has no hash of {name}" for name in npm.unhashed(npm_lock.read_text())]
    return found


def addresses(lock: str) -> list[str]:
    """Return the lines that name a host: a lock must work with any registry."""
    return [line for line in lock.splitlines() if "://" in line]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--upgrade", action="store_true")
    wanted = parser.parse_args()
    if wanted.write:
        compile_locks(FOLDER, upgrade=wanted.upgrade)
    found = differences(FOLDER)
    print("\n".join(found) or "The lock files follow from their .in files.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
