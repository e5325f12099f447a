"""The lock file of the tools that come from npm: ``requirements/node/package-lock.json``.

Like the other locks it has hashes and no addresses, so npm's own records of where something was
fetched, or whom to pay, are left out.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "build/clients/venv/bin"
NAME = "package-lock.json"
_ADDRESSES = ("resolved", "funding")


def compile_npm_lock(folder: Path, *, upgrade: bool = False) -> None:
    """Resolve the ``package.json`` of ``folder`` into its lock file, starting from that."""
    lock = folder / NAME
    if upgrade:
        lock.unlink(missing_ok=True)
    command = ["npm", "install", "--package-lock-only", "--loglevel=error"]
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)])
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "PATH": path},
                   stdout=subprocess.DEVNULL)  # fmt: skip
    lock.write_text(without_addresses(lock.read_text()))


def without_addresses(text: str) -> str:
    """Return a lock file without the addresses that npm puts into it."""
    lock = json.loads(text)
    for package in lock["packages"].values():
        for name in _ADDRESSES:
            package.pop(name, None)
    return json.dumps(lock, indent=2, ensure_ascii=False) + "\n"


def unhashed(text: str) -> list[str]:
    """Return the packages of a lock file that have no hash."""
    return [name for name, package in locked_packages(text).items() if "integrity" not in package]


def npm_licences(text: str) -> list[tuple[str, str]]:
    """Return each package of a lock file with its licence."""
    return sorted(
        {
            (place.rpartition("node_modules/")[2], package.get("license", "unknown"))
            for place, package in locked_packages(text).items()
        }
    )


def locked_packages(text: str) -> dict[str, dict[str, Any]]:
    """Return what a lock file installs, by place; bundled packages come with their bundle."""
    packages: dict[str, dict[str, Any]] = json.loads(text)["packages"]
    return {
        place: package
        for place, package in packages.items()
        if place and not package.get("inBundle")
    }
