"""Apache Kafka as the broker of a stack, with its data beside the stack's."""

from pathlib import Path

from devstack.kafka.jars import UnavailableError, fetch
from devstack.kafka.server import KafkaNode
from devstack.servers.children import StartError


def apache_broker(directory: Path, port: int) -> KafkaNode:
    """Return a node that listens on ``port``. Raises ``StartError`` where Kafka cannot be had."""
    try:
        jars = fetch()
    except UnavailableError as error:
        raise StartError(
            f"KAFKA=apache needs Java 17 or later and Maven: {error}. Without KAFKA=apache the"
            " embedded broker is used"
        ) from error
    return KafkaNode(jars, directory / "kafka", port)
