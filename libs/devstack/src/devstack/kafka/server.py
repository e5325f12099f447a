"""Run one Apache Kafka node (KRaft, no ZooKeeper) from its jars."""

import base64
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from uuid import uuid4

from devstack.kafka.settings import node_settings
from devstack.servers import children

_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.server=info",
)


class KafkaNode:
    """A node over ``directory``; a context manager that yields its bootstrap address.

    It can be stopped and started again, at the same address and with its data.
    """

    _environment: Mapping[str, str] = MappingProxyType({})
    _format_options: Sequence[str] = ()

    def __init__(self, jars: Path, directory: Path, port: int = 0) -> None:
        self._directory = directory
        self.log = directory / "kafka.log"
        self._properties = directory / "server.properties"
        self._java = ["java", "-Xmx512m", *_LOGGING, "-cp", f"{jars}/*"]
        self._port = port or children.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> str:
        address = f"127.0.0.1:{self._port}"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._write_properties(address)
        if not (self._directory / "data" / "meta.properties").exists():
            self._format()
        self.start()
        return address

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the stopped node; return once it accepts connections."""
        assignments = [f"{name}={value}" for name, value in self._environment.items()]
        process = children.spawn(
            ["/usr/bin/env", *assignments, *self._java, "kafka.Kafka", str(self._properties)],
            log=self.log,
            death_signal=signal.SIGKILL,
        )
        children.wait_until(
            lambda: children.is_listening(self._port), process, log=self.log, within=90
        )
        self.process = process

    def revive(self) -> bool:
        """Restart the node at the same address if it has died; return whether it had."""
        if self.process is None or self.process.poll() is None:
            return False
        self.start()
        return True

    def stop(self) -> None:
        """Stop the node, if it runs, as an operator would."""
        if self.process is not None:
            children.stop(self.process, with_signal=signal.SIGTERM, within=30)

    def _write_properties(self, address: str) -> None:
        settings = self._settings(address, f"127.0.0.1:{children.free_port()}")
        settings["log.dirs"] = str(self._directory / "data")
        lines = (f"{name}={value}\n" for name, value in settings.items())
        self._properties.write_text("".join(lines))

    def _settings(self, address: str, controller: str) -> dict[str, str]:
        return node_settings(listen=address, advertised=address, controller=controller)

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=").replace("-", "A")
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster]
        completed = subprocess.run(
            [*command, "-c", str(self._properties), *self._format_options],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | self._environment,
        )
        if completed.returncode != 0:
            output = completed.stdout + completed.stderr
            raise children.StartError(f"Kafka could not format its storage: {output}")
