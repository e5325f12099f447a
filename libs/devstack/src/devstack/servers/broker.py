"""A broker that speaks Kafka's protocol, from the ``noida-db`` wheel. For demos and tests only."""

import json
import signal
import subprocess
from pathlib import Path
from types import TracebackType

from devstack.servers import children


class EmbeddedBroker:
    """A broker over ``directory``; a context manager that yields its bootstrap address.

    It listens on ``port``, or on any free one.
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        self._data = directory.resolve()
        self.log = directory / "broker.log"
        self._port = port or children.free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> str:
        self._data.mkdir(parents=True, exist_ok=True)
        self._start()
        return f"127.0.0.1:{self._port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._process is not None:
            children.stop(self._process, with_signal=signal.SIGTERM, within=20)

    def revive(self) -> bool:
        """Restart the broker on the same port if it has died; return whether it had.

        Records from its last second are lost, because it writes its file once a second.
        """
        if self._process is None or self._process.poll() is None:
            return False
        self._start()
        return True

    def _start(self) -> None:
        self._end_orphan()
        port = self._port
        command = [_program(), "start", "--only", "kafka", "--kafka-port", str(port)]
        command += ["--data-dir", str(self._data), "--host", "127.0.0.1"]
        process = children.spawn(command, log=self.log, death_signal=signal.SIGTERM)
        children.wait_until(lambda: children.is_listening(port), process, log=self.log, within=60)
        self._process = process

    def _end_orphan(self) -> None:
        control = self._data / "noida.control.json"
        if control.exists():
            pid = json.loads(control.read_text()).get("pid")
            if isinstance(pid, int):
                children.end_orphan(pid, marker=str(self._data), with_signal=signal.SIGTERM)
            control.unlink(missing_ok=True)


def _program() -> str:
    path = Path(children.find_installed("noida_db", "noida-db"))
    if not path.stat().st_mode & 0o100:  # installers drop the executable bit
        path.chmod(0o755)
    return str(path)
