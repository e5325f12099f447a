"""``python -m tests.drills PYTEST-ARGUMENTS``: run drills on their own Apache Kafka.

The embedded broker does not suffice, because its consumer groups stop when their leader is killed.
Without Apache Kafka this fails, because drills that did not run have shown nothing.
"""

import subprocess
import sys

from devstack.kafka.jars import UnavailableError, fetch


def main(arguments: list[str]) -> int:
    """Return pytest's exit code."""
    try:
        fetch()
    except UnavailableError as reason:
        sys.stderr.write(f"The drills did NOT run, because they need Apache Kafka: {reason}\n")
        return 1
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
