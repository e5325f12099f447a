"""``python -m devstack.compose env|key``: the secrets of a stack, and keys to a running one."""

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
    """Write ``.env`` unless it is there."""
    if path.exists():
        _say(f"{path.name} is there already; nothing was changed.")
        return
    environment.write(path, environment.new_secrets())
    _say(f"Wrote {path.name}.")


def make_key(tenant: str, name: str) -> str:
    """Make a key with all scopes in the first service, and make it known to the others."""
    first, *others = SERVICES
    key = _service(first, "keys", "create", "--tenant", tenant, name).strip()
    for service in others:
        _service(service, "keys", "import", "--tenant", tenant, name, given=f"{key}\n")
    return key


def _service(service: str, *arguments: str, given: str = "") -> str:
    """Run a command of a service in its running API container; return what it says."""
    compose = shlex.split(os.environ.get("COMPOSE", "docker-compose"))
    command = [*compose, "exec", "-T", f"{service}-api", "python", "-m", service, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(prog="devstack.compose", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("env")
    key = commands.add_parser("key")
    key.add_argument("--tenant", required=True)
    key.add_argument("--name", required=True)
    wanted = parser.parse_args()
    if wanted.command == "env":
        make_environment(ROOT / ".env")
        return 0
    try:
        _say(make_key(wanted.tenant, wanted.name))
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
