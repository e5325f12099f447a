"""``python -m examples.journey``: play the journey on a stack of its own, then drop it."""

import sys
import tempfile
from pathlib import Path

from common.cli import run_async
from common.jsons import dumps_text
from common.telemetry import logs
from devstack.servers.children import StartError, free_port
from devstack.stack.stack import running_stack
from examples.journey.journey import play
from examples.journey.narrator import Narrator


async def journey(directory: Path) -> None:
    narrator = Narrator()
    async with running_stack(directory, port=free_port(), tell=_print) as stack:
        summary = await play(stack, narrator)
    narrator.where_next()
    _print(dumps_text(summary))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    logs.report_failures()
    with tempfile.TemporaryDirectory(prefix="threadline-demo-") as scratch:
        directory = Path(scratch)
        with (directory / "threadline.log").open("a") as log:
            logs.configure(stream=log)
            try:
                run_async(lambda: journey(directory))
            except StartError as error:
                sys.stderr.write(f"Could not start: {error}\n")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
