"""``python -m devstack.compose env|key``: make a stack's secrets or an API key."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from devstack.compose import environment

ROOT = Path(__file__).parents[5]
SERVICES = ("identity", "interactions", "sla")


def make_environment(path: Path) -> None:
    """Write ``.env``, or add what one of an earlier version lacks."""
    if path.exists():
        added = ", ".join(environment.add_missing(path))
        done = f"now has {added}, too" if added else "was left unchanged"
        _print(f"{path.name} already exists and {done}.")
        return
    environment.write(path, environment.new_secrets())
    _print(f"Wrote {path.name}.")


def make_key(tenant: str, name: str) -> str:
    """Create a key with all scopes in the first service and import it into the others."""
    first, *others = SERVICES
    key = _service(first, "keys", "create", "--tenant", tenant, name).strip()
    for service in others:
        _service(service, "keys", "import", "--tenant", tenant, name, stdin=f"{key}\n")
    return key


def _service(service: str, *arguments: str, stdin: str = "") -> str:
    """Run a service's command in its running API container; return its output."""
    compose = shlex.split(os.environ.get("COMPOSE", "docker-compose"))
    command = [*compose, "exec", "-T", f"{service}-api", "python", "-m", service, *arguments]
    completed = subprocess.run(
        command, cwd=ROOT, input=stdin, stdout=subprocess.PIPE, text=True, check=True
    )
    return completed.stdout


def main() -> int:
    parser = argparse.ArgumentParser(prog="devstack.compose", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("env")
    key = commands.add_parser("key")
    key.add_argument("--tenant", required=True)
    key.add_argument("--name", required=True)
    arguments = parser.parse_args()
    if arguments.command == "env":
        make_environment(ROOT / ".env")
        return 0
    try:
        _print(make_key(arguments.tenant, arguments.name))
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
