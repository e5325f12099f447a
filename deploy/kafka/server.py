"""Run one Apache Kafka node (KRaft, no ZooKeeper) from its jars, with throw-away data."""

import base64
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from deploy.embedded import children
from deploy.kafka.settings import node_settings

_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.server=info",
)


@contextmanager
def running_kafka(jars: Path, directory: Path) -> Iterator[str]:
    """Format ``directory``, start a node, give its bootstrap address, stop it."""
    port = children.free_port()
    address = f"127.0.0.1:{port}"
    properties = _write_properties(directory, address)
    java = ["java", "-Xmx512m", *_LOGGING, "-cp", f"{jars}/*"]
    _format(java, properties)
    log = directory / "kafka.log"
    process = children.spawn(
        ["/usr/bin/env", *java, "kafka.Kafka", str(properties)],
        log=log,
        death_signal=signal.SIGKILL,
    )
    try:
        children.wait_until(lambda: children.accepts(port), process, log=log, within=90)
        yield address
    finally:
        children.stop(process, with_signal=signal.SIGTERM, within=30)


def _write_properties(directory: Path, address: str) -> Path:
    settings = node_settings(
        listen=address, advertised=address, controller=f"127.0.0.1:{children.free_port()}"
    )
    settings["log.dirs"] = str(directory / "data")
    path = directory / "server.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return path


def _format(java: list[str], properties: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=").replace("-", "A")
    command = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)]
    done = subprocess.run(  # noqa: S603 - the command is ours
        command, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise children.StartError(f"storage could not be formatted: {done.stdout}{done.stderr}")
