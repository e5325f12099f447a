"""``python -m tests.drills PYTEST-ARGUMENTS``: run drills on an Apache Kafka of their own.

The embedded broker will not do: a group of its consumers does not go on when its leader is killed.
Where there is no Apache Kafka, that is a failure: drills that did not run have shown nothing.
"""

import subprocess
import sys

from devstack.kafka.jars import UnavailableError, fetch


def main(arguments: list[str]) -> int:
    """Return pytest's exit code."""
    try:
        fetch()
    except UnavailableError as reason:
        sys.stderr.write(f"The drills did NOT run, for want of an Apache Kafka: {reason}\n")
        return 1
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
