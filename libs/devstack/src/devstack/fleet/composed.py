"""The stack that ``make up`` started, for the journeys: one base URL, processes in containers."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from dotenv import dotenv_values

ROOT = Path(__file__).parents[5]
IDENTITY = ("api", "relay")
"""The processes that identity has: it neither consumes nor watches the clock."""
PROBE = Path(__file__).with_name("probe.py").read_text()
HEALTHY_WITHIN_SECONDS = 120.0
STOP_WITHIN_SECONDS = 20
WORKER = ("consumer", "relay", "timer")


@dataclass(frozen=True)
class ComposedFleet:
    """The same as ``Fleet`` to a test. Needs the engine that the stack runs on."""

    base_url: str
    api_key: str

    @cached_property
    def _engine(self) -> Any:
        import docker  # slow to import, and rarely needed

        return docker.from_env()

    @cached_property
    def project(self) -> str:
        return str(dotenv_values(ROOT / ".env")["COMPOSE_PROJECT_NAME"])

    def client(self, _service: str, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of the one base URL; the proxy finds the service by the path."""
        return httpx.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {key or self.api_key}"},
            trust_env=False,
            timeout=10,
        )

    def containers(self, *names: str) -> list[Any]:
        """Return the containers of these Compose services, or of all, running or not."""
        label = {"label": f"com.docker.compose.project={self.project}"}
        found = {
            one.labels["com.docker.compose.service"]: one
            for one in self._engine.containers.list(all=True, filters=label)
            if one.labels.get("com.docker.compose.oneoff", "False") == "False"
        }
        return [found[name] for name in names or sorted(found)]

    def start(self, *kinds: str) -> None:
        """Start processes such as ``sla worker`` and return once they are healthy."""
        started = self.containers(*self._names(kinds))
        for container in started:
            container.start()
        self.await_healthy(started)

    def stop(self, *kinds: str) -> None:
        """Stop processes as Compose would. They must end well, and in time."""
        for container in self.containers(*self._names(kinds)):
            container.stop(timeout=STOP_WITHIN_SECONDS)
            code = container.wait()["StatusCode"]
            assert code == 0, f"{container.name} ended with {code}:\n{container.logs(tail=20)}"

    def await_healthy(self, containers: Iterable[Any]) -> None:
        deadline, waiting = time.monotonic() + HEALTHY_WITHIN_SECONDS, list(containers)
        while waiting := [one for one in waiting if health_of(one) != "healthy"]:
            assert time.monotonic() < deadline, f"not healthy: {[one.name for one in waiting]}"
            time.sleep(0.5)

    def run(self, service: str, *words: str) -> str:
        """Run a command of a service to its end; return what it printed."""
        return self._python(f"{service}-api", "-m", service, *words)

    def logged(self, kind: str, text: str) -> bool:
        found = self.containers(*self._names([kind]))
        return any(text.encode() in container.logs() for container in found)

    async def rows(self, service: str, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Return what a statement finds in a service's database."""
        setting = f"{service.upper()}_POSTGRES__DSN"
        found: list[dict[str, Any]] = self._probe(service, "rows", setting, statement, *values)
        return found

    async def headers(self, topic: str, key: str) -> list[dict[str, str]]:
        """Return the headers of a topic's records with this key, as they stand on the broker."""
        setting = "SLA_KAFKA__BOOTSTRAP"
        found: list[dict[str, str]] = self._probe("sla", "headers", setting, topic, key)
        return found

    def _probe(self, service: str, kind: str, setting: str, *arguments: Any) -> Any:
        """Look from inside; servers cannot be reached from here. ``setting`` says where one is."""
        (container,) = self.containers(f"{service}-api")
        (value,) = (
            pair.removeprefix(f"{setting}=")
            for pair in container.attrs["Config"]["Env"]
            if pair.startswith(f"{setting}=")
        )
        given = json.dumps([value, *arguments])
        return json.loads(self._python(f"{service}-api", "-c", PROBE, kind, given))

    def _python(self, name: str, *arguments: str) -> str:
        (container,) = self.containers(name)
        code, (out, err) = container.exec_run(["python", *arguments], demux=True)
        assert code == 0, f"{name} {arguments}: {(err or b'').decode()}"
        return (out or b"").decode()

    def _names(self, kinds: Iterable[str]) -> list[str]:
        """Return the Compose services of ``sla api`` or ``sla worker``, which is several here."""
        names = []
        for service, kind in (kind.split() for kind in kinds):
            parts = WORKER if kind == "worker" else (kind,)
            names += [f"{service}-{p}" for p in parts if service != "identity" or p in IDENTITY]
        return names


def health_of(container: Any) -> str:
    """Return ``healthy``, ``unhealthy``, ``starting``, or what the container is doing instead."""
    container.reload()
    state = container.attrs["State"]
    return str(state["Health"]["Status"] if state["Running"] else state["Status"])


def composed_fleet() -> ComposedFleet | None:
    """Return the stack that ``THREADLINE_BASE_URL`` and ``THREADLINE_API_KEY`` name, if they do."""
    base_url = os.environ.get("THREADLINE_BASE_URL")
    return ComposedFleet(base_url, os.environ["THREADLINE_API_KEY"]) if base_url else None
