"""The stack that ``make up`` started, for e2e tests: one base URL, processes in containers."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from dotenv import dotenv_values

from devstack.servers.patience import patient

ROOT = Path(__file__).parents[5]
IDENTITY = ("api", "consumer", "relay")
"""The processes of identity, which has no timers."""
PROBE = Path(__file__).with_name("probe.py").read_text()
HEALTHY_WITHIN_SECONDS = 120.0
PATIENCE_SECONDS = 60.0
STOP_WITHIN_SECONDS = 20
WORKER = ("consumer", "relay", "timer")


@dataclass(frozen=True)
class ComposedFleet:
    """Has the interface of ``Fleet``. Needs the container engine that the stack runs on."""

    base_url: str
    api_key: str

    @cached_property
    def _engine(self) -> Any:
        import docker  # slow to import, and rarely needed

        return docker.from_env()

    @cached_property
    def _environment(self) -> dict[str, str]:
        return {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}

    @cached_property
    def project(self) -> str:
        return self._environment["COMPOSE_PROJECT_NAME"]

    def client(self, _service: str, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of the one base URL; the proxy finds the service by the path."""
        return httpx.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {key or self.api_key}"},
            trust_env=False,
            timeout=PATIENCE_SECONDS,
        )

    def containers(self, *names: str) -> list[Any]:
        """Return the containers of these Compose services, or of all; stopped ones too."""
        label = {"label": f"com.docker.compose.project={self.project}"}
        by_service = {
            container.labels["com.docker.compose.service"]: container
            for container in self._engine.containers.list(all=True, filters=label)
            if container.labels.get("com.docker.compose.oneoff", "False") == "False"
        }
        return [by_service[name] for name in names or sorted(by_service)]

    def start(self, *kinds: str) -> None:
        """Start processes such as ``sla worker`` and return once they are healthy."""
        started = self.containers(*self._names(kinds))
        for container in started:
            container.start()
        self.await_healthy(started)

    def stop(self, *kinds: str) -> None:
        """Stop processes as Compose would; they must exit with 0 within 20 s."""
        for container in self.containers(*self._names(kinds)):
            container.stop(timeout=STOP_WITHIN_SECONDS)
            code = container.wait()["StatusCode"]
            assert code == 0, f"{container.name} exited with {code}:\n{container.logs(tail=20)}"

    def await_healthy(self, containers: Iterable[Any]) -> None:
        began, waiting = time.monotonic(), list(containers)
        while waiting := [each for each in waiting if health_of(each) != "healthy"]:
            waited = time.monotonic() - began
            assert waited < patient(HEALTHY_WITHIN_SECONDS), (
                f"not healthy: {[each.name for each in waiting]}"
            )
            time.sleep(0.5)

    def run(self, service: str, *words: str, more: Mapping[str, str] | None = None) -> str:
        """Run a service's command to completion; return its output. ``more``: environment."""
        return self._python(f"{service}-api", "-m", service, *words, more=more)

    def log_contains(self, kind: str, text: str) -> bool:
        """Return whether the log of a process such as ``sla relay`` contains ``text``."""
        containers = self.containers(*self._names([kind]))
        return any(text.encode() in container.logs() for container in containers)

    async def rows(self, service: str, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Run a statement on a service's database; return its rows."""
        setting = f"{service.upper()}_POSTGRES__DSN"
        rows: list[dict[str, Any]] = self._probe(service, "rows", setting, statement, *values)
        return rows

    async def headers(self, topic: str, key: str) -> list[dict[str, str]]:
        """Return the headers of a topic's records with this key, as stored on the broker."""
        setting = "SLA_KAFKA__BOOTSTRAP"
        password = {"READER_PASSWORD": self._environment["KAFKA_PASSWORD_READER"]}
        headers: list[dict[str, str]] = self._probe(
            "sla", "headers", setting, topic, key, more=password
        )
        return headers

    def _probe(
        self,
        service: str,
        kind: str,
        setting: str,
        *arguments: Any,
        more: Mapping[str, str] | None = None,
    ) -> Any:
        """Run the probe in an API container, which can reach the server that ``setting`` names."""
        (container,) = self.containers(f"{service}-api")
        (address,) = (
            pair.removeprefix(f"{setting}=")
            for pair in container.attrs["Config"]["Env"]
            if pair.startswith(f"{setting}=")
        )
        encoded = json.dumps([address, *arguments])
        return json.loads(self._python(f"{service}-api", "-c", PROBE, kind, encoded, more=more))

    def _python(self, name: str, *arguments: str, more: Mapping[str, str] | None = None) -> str:
        (container,) = self.containers(name)
        command = ["python", *arguments]
        code, (out, err) = container.exec_run(command, demux=True, environment=dict(more or {}))
        assert code == 0, f"{name} {arguments}: {(err or b'').decode()}"
        return (out or b"").decode()

    def _names(self, kinds: Iterable[str]) -> list[str]:
        """Return the Compose services of processes; ``sla worker`` stands for several."""
        names = []
        for service, kind in (kind.split() for kind in kinds):
            parts = WORKER if kind == "worker" else (kind,)
            names += [f"{service}-{p}" for p in parts if service != "identity" or p in IDENTITY]
        return names


def health_of(container: Any) -> str:
    """Return ``healthy``, ``unhealthy`` or ``starting``, or the state of a stopped container."""
    container.reload()
    state = container.attrs["State"]
    return str(state["Health"]["Status"] if state["Running"] else state["Status"])


def composed_fleet() -> ComposedFleet | None:
    """Return the stack at ``THREADLINE_BASE_URL``, if set, with ``THREADLINE_API_KEY``."""
    base_url = os.environ.get("THREADLINE_BASE_URL")
    return ComposedFleet(base_url, os.environ["THREADLINE_API_KEY"]) if base_url else None
