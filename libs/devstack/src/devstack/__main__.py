"""``python -m devstack serve|clean``: run the whole product; nothing else to install."""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from common.cli import run_async
from common.runtime import stop_on_signals
from common.telemetry import logs
from devstack.servers.children import StartError, lock_directory
from devstack.stack.endpoints import Endpoints
from devstack.stack.stack import running_stack


def data_directory() -> Path:
    """Return where a stack keeps its data: ``EMBEDDED_DATA``, or ``.embedded`` here."""
    return Path(os.environ.get("EMBEDDED_DATA") or ".embedded").resolve()


async def serve(directory: Path, *, port: int) -> None:
    """Run the stack until a signal arrives or one of its components fails."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with running_stack(directory, port=port) as stack:
        _print(_summary(stack.endpoints, directory))
        signalled = asyncio.create_task(stop.wait())
        await asyncio.wait({signalled, stack.running}, return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()
    _print("Stopped. The data is kept.")


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
            _run(serve(directory, port=arguments.port), log=directory / "threadline.log")
        else:
            clean(directory)
    except StartError as error:
        _print(f"Could not start: {error}")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve").add_argument("--port", type=int, default=8080)
    commands.add_parser("clean")
    return parser.parse_args()


def _run(work: Coroutine[Any, Any, None], *, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as stream:
        logs.configure(stream=stream)
        run_async(lambda: work)


def _summary(endpoints: Endpoints, directory: Path) -> str:
    return "\n".join(
        [
            f"Threadline is running at {endpoints.base_url} (API: {endpoints.base_url}/docs)",
            f"  API key of tenant demo   {endpoints.api_key}",
            f"  API key of tenant other  {endpoints.other_tenant_api_key}",
            f"  Kafka                    {endpoints.kafka}",
            f"  All addresses and keys   {directory / 'endpoints.json'}",
            f"  Log                      {directory / 'threadline.log'}",
            "Press Ctrl-C to stop; the data is kept.",
        ]
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
