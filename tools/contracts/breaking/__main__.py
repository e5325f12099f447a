"""``python -m tools.contracts.breaking``: refuse changes that break users of the last release.

With ``--release``, keep the contracts as those of a release, with which later ones are compared.
"""

import sys

from tools.contracts.breaking.exceptions import judge, read_exceptions
from tools.contracts.breaking.releases import (
    CONTRACTS,
    EXCEPTIONS,
    compare,
    keep_release,
    last_release,
    read_contracts,
    this_version,
)


def refused() -> list[str]:
    """Return what is wrong with the contracts, compared with those of the last release."""
    old, new = read_contracts(last_release()), read_contracts(CONTRACTS)
    excuses = read_exceptions(CONTRACTS / EXCEPTIONS)
    return judge(compare(old, new), excuses, version=this_version())


def main(arguments: list[str]) -> int:
    if "--release" in arguments:
        kept = keep_release(this_version())
        print(f"Later contracts are compared with {kept.relative_to(CONTRACTS.parent)}.")
        return 0
    found = refused()
    print("\n".join(found) or f"Nothing breaks users of {last_release().name}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
