"""Look for known vulnerabilities in what the lock files name.

Exits 1 when there are some. Where no service of advisories can be reached it says so and exits 0:
an audit that could not look is no reason to stop work, and must not look like one that found none.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ("base", "embedded", "dev", "tools", "clients")
FOUND = "Found "
"""How pip-audit's summary begins when it found something."""


def audit(lock: Path) -> tuple[bool | None, str]:
    """Return whether the lock is free of known vulnerabilities, None when nobody could tell."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--no-deps",
               "--disable-pip", "--progress-spinner=off", "--timeout=20"]  # fmt: skip
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired:
        return None, "no answer within 300 s"
    return verdict(run.returncode, run.stdout, run.stderr)


def verdict(code: int, output: str, errors: str) -> tuple[bool | None, str]:
    """Tell a finding from a failure: pip-audit exits with 1 for both."""
    if code == 0:
        return True, ""
    if any(line.startswith(FOUND) for line in errors.splitlines()):
        return False, output
    return None, (errors.strip().splitlines() or ["it said nothing"])[-1]


def main() -> int:
    worst = 0
    for name in LOCKS:
        clean, text = audit(ROOT / "requirements" / f"{name}.txt")
        if clean is None:
            print(f"{name}.txt: COULD NOT LOOK ({text[:200]}). Nothing is known about it.")
        elif clean:
            print(f"{name}.txt: no known vulnerability.")
        else:
            worst = 1
            print(f"{name}.txt: vulnerable.\n{text}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
