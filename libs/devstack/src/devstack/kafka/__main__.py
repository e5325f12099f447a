"""``python -m devstack.kafka COMMAND…``: run a command with an Apache Kafka started for it.

The command finds the broker in ``TEST_KAFKA_BOOTSTRAP``. Where Apache Kafka is unavailable, the
command runs without that variable, hence on the embedded broker, and the last line says so.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from devstack.kafka.jars import UnavailableError, fetch
from devstack.kafka.server import KafkaNode


def main(command: list[str]) -> int:
    """Run the command; return its exit code."""
    try:
        jars = fetch()
    except UnavailableError as reason:
        code = _run(command, {})
        _print(f"These suites ran on the EMBEDDED broker, not on Apache Kafka: {reason}")
        return code
    with (
        tempfile.TemporaryDirectory(prefix="threadline-kafka-") as directory,
        KafkaNode(jars, Path(directory)) as bootstrap,
    ):
        code = _run(command, {"TEST_KAFKA_BOOTSTRAP": bootstrap})
    _print("These suites ran on Apache Kafka.")
    return code


def _run(command: list[str], extra: dict[str, str]) -> int:
    return subprocess.run(command, env=os.environ | extra, check=False).returncode


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
