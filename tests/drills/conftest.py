"""One fleet, one ledger and one speaker for all drills of a run, on their own servers.

A drill leaves every process and server as it found it. Its messages stay, so the invariants of
each drill also cover the drills before it.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from devstack.fleet.faults import Faults
from devstack.fleet.fleet import SEPARATE, Fleet, running_fleet
from devstack.kafka.jars import fetch
from devstack.kafka.server import KafkaNode
from devstack.servers.postgres import DURABLE, EmbeddedPostgres, Server
from devstack.testing.observation.leaks import assert_nothing_leaked, read_logs
from devstack.testing.postgres import Templates
from tests.drills.callers.ledger import Ledger
from tests.drills.callers.speakers import Speaker, add_accounts, open_speaker
from tests.drills.drill import Drill, publish_policies

# Pages in the kernel's cache survive the death of a process, so nothing has to reach the disk.
POSTGRES = (*DURABLE, "fsync=off")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPostgres:
    return EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), settings=POSTGRES)


@pytest.fixture(scope="session")
def postgres_server(postgres: EmbeddedPostgres) -> Iterator[Server]:
    with postgres as server:
        yield server
    assert_nothing_leaked(read_logs(server.log))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> KafkaNode:
    return KafkaNode(fetch(), tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka: KafkaNode) -> Iterator[str]:
    with kafka as bootstrap:
        yield bootstrap
    assert_nothing_leaked(read_logs(kafka.log))


@pytest.fixture(scope="session")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Server,
    templates: Templates,
    kafka_bootstrap: str,
) -> Iterator[Fleet]:
    directory = tmp_path_factory.mktemp("fleet")
    with running_fleet(
        directory, postgres_server, templates, kafka_bootstrap, names=SEPARATE
    ) as running:
        add_accounts(running)
        publish_policies(running)
        yield running


@pytest.fixture(scope="session")
def ledger(fleet: Fleet) -> Iterator[Ledger]:
    ledger = Ledger(fleet.directory / "ledger.jsonl")
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
async def speaker(fleet: Fleet, ledger: Ledger) -> AsyncIterator[Speaker]:
    async with open_speaker(fleet, ledger) as ready:
        yield ready


@pytest.fixture(scope="session")
def drill(
    fleet: Fleet,
    ledger: Ledger,
    speaker: Speaker,
    kafka: KafkaNode,
    postgres: EmbeddedPostgres,
) -> Drill:
    return Drill(fleet, ledger, speaker, Faults(kafka), Faults(postgres))


@pytest.fixture(autouse=True)
async def whole_fleet(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Start again what a drill that failed has left dead, so that it fails alone."""
    if "fleet" not in request.fixturenames:
        yield
        return
    fleet: Fleet = request.getfixturevalue("fleet")
    names = list(fleet.processes)
    yield
    await fleet.restore(names)
