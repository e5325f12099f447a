"""Apache Kafka as Compose configures it: it knows its users, and who may write and read what."""

from collections.abc import Mapping
from pathlib import Path

from typing_extensions import override

from devstack.kafka.server import KafkaNode

PROPERTIES = Path(__file__).parents[5] / "deploy" / "compose" / "kafka.properties"
"""The settings of Compose, all but the addresses and the place of the data."""


class SecuredNode(KafkaNode):
    """A node with a password for each user; ``admin`` may do everything, others nothing yet."""

    def __init__(self, jars: Path, directory: Path, *, passwords: Mapping[str, str]) -> None:
        super().__init__(jars, directory)
        self._environment = {"KAFKA_PASSWORD_ADMIN": passwords["admin"]}
        self._format_options = [
            word
            for user, password in passwords.items()
            for word in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]")
        ]

    @override
    def _settings(self, address: str, controller: str) -> dict[str, str]:
        lines = (line for line in PROPERTIES.read_text().splitlines() if line[:1] not in {"", "#"})
        return dict(line.split("=", 1) for line in lines) | {
            "listeners": f"CLIENTS://{address},CONTROLLER://{controller}",
            "advertised.listeners": f"CLIENTS://{address}",
            "controller.quorum.voters": f"1@{controller}",
        }
