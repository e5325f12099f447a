"""``python -m tests.drills PYTEST-ARGUMENTS``: run drills, if there is an Apache Kafka for them.

The embedded broker will not do: a group of its consumers does not go on when its leader is killed.
"""

import subprocess
import sys

from deploy.kafka.jars import UnavailableError, fetch


def main(arguments: list[str]) -> int:
    """Return pytest's exit code."""
    try:
        fetch()
    except UnavailableError as reason:
        sys.stdout.write(f"The drills did NOT run, for want of an Apache Kafka: {reason}\n")
        return 0
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
