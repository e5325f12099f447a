"""Run one process of a service that dies at a chosen point.

``python -m tests.drills.faults.crash --at send --when after --nth 2 -- interactions relay``
"""

import argparse
import runpy
import sys

from tests.drills.faults.points import HOWS, PORTS, WHENS, Point


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="tests.drills.faults.crash", description=__doc__)
    parser.add_argument("--at", required=True, choices=PORTS)
    parser.add_argument("--when", default="before", choices=WHENS)
    parser.add_argument("--nth", default=1, type=int)
    parser.add_argument("--how", default="kill", choices=HOWS)
    parser.add_argument("--of", default="", help="the use case whose transaction it is")
    parser.add_argument("--about", default="", help="a text that the call's arguments contain")
    parser.add_argument("--behind", default="", help="a text that an earlier call contains")
    parser.add_argument("service", nargs="+", help="such as: interactions relay")
    options = vars(parser.parse_args(words))
    module, *command = options.pop("service")
    Point(**options).arm()
    sys.argv = [module, *command]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
