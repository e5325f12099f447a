"""Check a running system from outside, once nothing waits in it any more.

``python -m tests.drills.invariants LEDGER --kafka HOST:PORT --identity DSN --interactions DSN
--sla DSN``
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.drills import ledger
from tests.drills.invariants.checks import INVARIANTS, report, violations
from tests.drills.invariants.evidence import open_sources
from tests.drills.invariants.quiescence import settled

SERVICES = ("identity", "interactions", "sla")


async def main(words: list[str]) -> int:
    """Print what is broken; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.drills.invariants", description=__doc__)
    parser.add_argument("ledger", type=Path)
    for name in ("kafka", *SERVICES):
        parser.add_argument(f"--{name}", required=True)
    given = vars(parser.parse_args(words))
    dsns = {service: given[service] for service in SERVICES}
    async with open_sources(dsns, given["kafka"]) as sources:
        await settled(sources)
        found = violations(await sources.gather(ledger.read(given["ledger"])))
    sys.stdout.write(f"{report(found) or f'all {len(INVARIANTS)} invariants hold'}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
