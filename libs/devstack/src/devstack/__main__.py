"""``python -m devstack serve|key|clean``: run the whole product; nothing else to install."""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.cli import run_async
from common.runtime import stop_on_signals
from common.telemetry import logs
from devstack.kafka.broker import apache_broker
from devstack.servers.children import StartError, lock_directory, not_writable
from devstack.servers.embedded import Ports, embedded_broker
from devstack.stack.credentials import DEMO
from devstack.stack.keys import make_key
from devstack.stack.stack import running_stack
from devstack.stack.welcome import EMBEDDED_NOTE, welcome

_FAILURES = {
    "serve": "Could not start",
    "key": "Could not make a key",
    "clean": "Could not delete the data",
}


def data_directory() -> Path:
    """Return where a stack keeps its data: ``EMBEDDED_DATA``, or ``.embedded`` here."""
    return Path(os.environ.get("EMBEDDED_DATA") or ".embedded").resolve()


async def serve(directory: Path, arguments: argparse.Namespace) -> None:
    """Run the stack until a signal arrives or one of its components fails."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    apache = arguments.kafka == "apache"
    async with running_stack(
        directory,
        port=arguments.port,
        ports=Ports(kafka=arguments.kafka_port, postgres=arguments.postgres_port),
        make_broker=apache_broker if apache else embedded_broker,
        tell=_print,
    ) as stack:
        own_embedded = not apache and "KAFKA_BOOTSTRAP" not in os.environ
        note = EMBEDDED_NOTE if own_embedded else ""
        _print(f"\n{welcome(stack.endpoints, directory, note=note)}")
        signalled = asyncio.create_task(stop.wait())
        await asyncio.wait({signalled, stack.running}, return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()
        _print("Stopping …")
    _print("Stopped. The data is kept.")


async def key(directory: Path, arguments: argparse.Namespace) -> None:
    """Print a new key, and nothing else on standard output."""
    scopes = arguments.scopes.replace(",", " ").split()
    made = await make_key(directory, tenant=arguments.tenant, name=arguments.name, scopes=scopes)
    granted = " ".join(scopes) or "all scopes"
    sys.stderr.write(f"A key of tenant {arguments.tenant} with {granted}, shown only now:\n")
    _print(made)


def clean(directory: Path) -> None:
    """Delete a stack's data. Raises ``StartError`` if the stack is running."""
    if directory.exists():
        with lock_directory(directory):
            shutil.rmtree(directory)
        _print(f"Deleted {directory}.")


def main() -> int:
    logs.report_failures()
    arguments = _arguments()
    directory = data_directory()
    try:
        if arguments.command == "serve":
            with _log_in(directory):
                run_async(lambda: serve(directory, arguments))
        elif arguments.command == "key":
            logs.configure(stream=sys.stderr)
            run_async(lambda: key(directory, arguments))
        else:
            clean(directory)
    except StartError as error:
        sys.stderr.write(f"{_FAILURES[arguments.command]}: {error}\n")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve")
    serving.add_argument("--port", type=int, default=8080)
    serving.add_argument("--kafka", choices=["embedded", "apache"], default="embedded")
    serving.add_argument("--kafka-port", type=int, default=9092)
    serving.add_argument("--postgres-port", type=int, default=15432)
    making = commands.add_parser("key")
    making.add_argument("--tenant", default=DEMO)
    making.add_argument("--name", default="key")
    making.add_argument("--scopes", default="", help="all without")
    commands.add_parser("clean")
    return parser.parse_args()


@contextmanager
def _log_in(directory: Path) -> Iterator[None]:
    """Write the log of this process into the directory. Raises ``StartError``."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        log = (directory / "threadline.log").open("a")
    except OSError as error:
        raise not_writable(directory, error) from error
    with log:
        logs.configure(stream=log)
        yield


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
