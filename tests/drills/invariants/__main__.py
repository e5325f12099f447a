"""Check a running system from outside, once it is idle.

``python -m tests.drills.invariants LEDGER --kafka HOST:PORT --identity DSN --interactions DSN
--sla DSN``
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.drills.callers import ledger
from tests.drills.invariants.checks import INVARIANTS, report, violations
from tests.drills.invariants.evidence import open_sources
from tests.drills.invariants.quiescence import wait_until_idle

SERVICES = ("identity", "interactions", "sla")


async def main(words: list[str]) -> int:
    """Print the broken invariants and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.drills.invariants", description=__doc__)
    parser.add_argument("ledger", type=Path)
    for name in ("kafka", *SERVICES):
        parser.add_argument(f"--{name}", required=True)
    options = vars(parser.parse_args(words))
    dsns = {service: options[service] for service in SERVICES}
    async with open_sources(dsns, options["kafka"]) as sources:
        await wait_until_idle(sources)
        broken = violations(await sources.gather(ledger.read(options["ledger"])))
    sys.stdout.write(f"{report(broken) or f'all {len(INVARIANTS)} invariants hold'}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
