"""Does coverage keep to ``coverage.toml``?

``python -m tools.reports.coverage build/coverage.json`` fails when it does not. A group's figure
counts lines and branches of its files together. A floor that is lower than what is reached fails
too: raise it, so that what was won is not lost.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch
from math import floor
from pathlib import Path
from typing import Any

RULES = Path(__file__).with_name("coverage.toml")
SLACK = 1.0
"""How far a floor may lag behind: runs differ by a branch or two of races."""


def reached(files: Mapping[str, Any], patterns: list[str]) -> float | None:
    """Return the percentage covered of the files that match; None when none does."""
    summaries = [
        file["summary"]
        for path, file in files.items()
        if not patterns or any(fnmatch(path, pattern) for pattern in patterns)
    ]
    total = sum(each["num_statements"] + each["num_branches"] for each in summaries)
    covered = sum(each["covered_lines"] + each["covered_branches"] for each in summaries)
    return 100 * covered / total if total else None


def failures(files: Mapping[str, Any], rules: Mapping[str, Any]) -> list[str]:
    """Return a line for each group that breaks its rule."""
    found = []
    for group, rule in rules.items():
        percent = reached(files, rule.get("files", []))
        if percent is None:
            found.append(f"{group}: no file matches")
        elif percent < rule["floor"]:
            found.append(f"{group}: {percent:.2f} % is below its floor of {rule['floor']} %")
        elif rule["floor"] < rule["goal"] and percent - SLACK > rule["floor"]:
            found.append(
                f"{group}: raise the floor to {floor(percent)}; {percent:.2f} % is reached"
            )
    return found


def main() -> int:
    files = json.loads(Path(sys.argv[1]).read_text())["files"]
    rules = tomllib.loads(RULES.read_text())
    for group, rule in rules.items():
        percent = reached(files, rule.get("files", []))
        print(f"{group}: {percent or 0:.2f} % (floor {rule['floor']} %, goal {rule['goal']} %)")
    found = failures(files, rules)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
