"""The system under test: a durable Postgres, a broker, and the services as separate processes."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from typing_extensions import override

from benchmarks.machine.meters import Meter
from benchmarks.output.plans import Plans
from benchmarks.workload.load import Load, Sample, generator
from benchmarks.workload.sizes import Size
from common.cli import all_topics
from common.messaging import ensure_topics
from common.settings import KafkaSettings
from common.web.auth import CreateKey, create_key, insert_key, registered_scopes
from devstack.fleet import fleet
from devstack.kafka.jars import UnavailableError, fetch
from devstack.kafka.server import KafkaNode
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.postgres import EmbeddedPostgres, Server
from devstack.stack.credentials import DEMO, load_credentials
from devstack.stack.services import NAMES, Services, build_services
from devstack.testing.postgres import Templates

PRODUCTION_SETTINGS = (
    "shared_buffers=1GB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "random_page_cost=1.1",
    # Switched on after the measurements, for the plans; until then it costs nothing.
    "shared_preload_libraries=auto_explain",
)
"""fsync, synchronous_commit and full_page_writes stay on: acknowledged writes are on the disk."""

_TRY_OUT_SECONDS = 0.5

NOWHERE = "127.0.0.1:9"
"""An address where no broker listens. An API does not need one."""


class Fleet(fleet.Fleet):
    """Processes started from the services' command lines, with their default settings."""

    async def create_topics(self) -> None:
        """Create the topics of all services, as their ``migrate`` does."""
        topics = {topic for service in self._services().all() for topic in all_topics(service)}
        await ensure_topics(KafkaSettings(bootstrap=self.bootstrap), topics)

    async def create_key(self, scopes: Iterable[str]) -> str:
        """Make an API key of interactions for tenant ``demo`` and return it."""
        service = self._services().interactions
        now, pepper = service.clock.now(), SecretStr(self.credentials.pepper)
        wanted = CreateKey(tenant_id=DEMO, name="bench", scopes=sorted(scopes), environment="test")
        key, row = create_key(wanted, pepper=pepper, now=now)
        await service.database.run(insert_key, row, now=now)
        await service.close()
        return key

    def _services(self) -> Services:
        return build_services(
            dsns=self.dsns, bootstrap=self.bootstrap, credentials=self.credentials, port=0
        )

    @override
    def environment(self, name: str) -> dict[str, str]:
        variables = super().environment(name)
        variables.pop("INTERACTIONS_IDENTITY__DEADLINE_SECONDS", None)
        return variables


@dataclass(frozen=True)
class Site:
    """Fresh databases and the processes over them, for one part of the benchmark."""

    fleet: Fleet
    bootstrap: str
    postmaster: int

    def dsn(self, service: str) -> str:
        return self.fleet.dsns[service]

    def port(self, kind: str) -> int:
        """Return the port of a process such as ``interactions api``."""
        return self.fleet.ports[kind]

    @property
    def key(self) -> str:
        """An API key of tenant ``demo`` with every scope."""
        return self.fleet.credentials.api_key

    @cached_property
    def key_without_pii(self) -> str:
        """An API key of interactions whose holder sees personal data masked."""
        return asyncio.run(self.fleet.create_key(registered_scopes() - {"pii:read"}))

    def start(self, *kinds: str) -> None:
        self.fleet.start(*kinds)

    def meter(self, *kinds: str) -> Meter:
        """Return a meter of the named processes and of Postgres."""
        return Meter(tuple(self.fleet.processes[kind].pid for kind in kinds), self.postmaster)


@dataclass
class Bench:
    """One run: the server that all parts share, the load generator, and the results so far."""

    size: Size
    directory: Path
    server: Server
    templates: Templates
    drive: Callable[[Load], Sample]
    plans: Plans
    is_sketch: bool
    """Whether to use what starts fastest: the embedded broker, and forks as processes."""
    notes: list[str] = field(default_factory=list)

    def load(self, site: Site, kind: str, request: Callable[[int], bytes], n: int) -> Sample:
        """Drive a process's HTTP port over ``n`` connections."""
        return self.drive(
            Load(
                port=site.port(kind),
                request=request,
                connections=n,
                seconds=self.size.seconds,
                warm_up_seconds=self.size.warm_up_seconds,
                meter=site.meter(kind),
            )
        )

    def try_out(self, site: Site, kind: str, request: Callable[[int], bytes]) -> None:
        """Drive a process's HTTP port briefly, to record its plans."""
        load = Load(site.port(kind), request, 1, _TRY_OUT_SECONDS, 0.0, site.meter(kind))
        self.drive(load)

    @contextmanager
    def site(self, name: str, *, kafka: bool = False) -> Iterator[Site]:
        """Yield a site with databases, and if wanted a broker, that only this part uses."""
        directory = self.directory / name
        directory.mkdir()
        names = {service: self.templates.clone(service) for service in NAMES}
        dsns = {service: self.server.dsn(database) for service, database in names.items()}
        with ExitStack() as opened:
            opened.callback(self.templates.drop, list(names.values()))
            bootstrap = NOWHERE
            if kafka:
                bootstrap, what = opened.enter_context(self._broker(directory))
                self.notes.append(f"{name}: on {what}.")
            running = Fleet(directory, dsns, bootstrap, load_credentials(directory))
            running.is_forked = self.is_sketch
            opened.callback(running.kill_all)
            running.install()
            if kafka:
                asyncio.run(running.create_topics())
            yield Site(running, bootstrap, self.postmaster())

    @contextmanager
    def _broker(self, directory: Path) -> Iterator[tuple[str, str]]:
        """Yield a bootstrap address and the broker's name: Apache Kafka if it is available."""
        jars, reason = None, "as requested"
        if not self.is_sketch:
            try:
                jars = fetch()
            except UnavailableError as error:
                reason = str(error)
        if jars is None:
            with EmbeddedBroker(directory / "broker") as bootstrap:
                yield bootstrap, f"the embedded broker ({reason})"
        else:
            (directory / "kafka").mkdir()
            with KafkaNode(jars, directory / "kafka") as bootstrap:
                yield bootstrap, "Apache Kafka"

    def postmaster(self) -> int:
        """Return the process id of Postgres."""
        pid_file = self.directory / "postgres" / "data" / "postmaster.pid"
        return int(pid_file.read_text().split("\n", 1)[0])


@contextmanager
def running_bench(size: Size, *, is_sketch: bool) -> Iterator[Bench]:
    with ExitStack() as opened:
        directory = Path(opened.enter_context(TemporaryDirectory(prefix="threadline-bench-")))
        directory.chmod(0o755)  # Postgres may run as another user
        postgres = EmbeddedPostgres(directory / "postgres", settings=PRODUCTION_SETTINGS)
        server = opened.enter_context(postgres)
        drive = opened.enter_context(generator())
        plans = Plans(server, log=directory / "postgres" / "postgres.log")
        yield Bench(size, directory, server, Templates(server), drive, plans, is_sketch)


def run_module(*arguments: str) -> subprocess.Popen[bytes]:
    """Start ``python -m …`` in another process."""
    return subprocess.Popen([sys.executable, "-m", *arguments])
