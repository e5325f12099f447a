"""A real broker for tests: one per session, a new topic per test.

The broker is the first available of these: ``$TEST_KAFKA_BOOTSTRAP``, a container of Apache Kafka,
the embedded wheel. If none is available, tests fail; they never skip.
"""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from common.messaging import ensure_topics
from common.settings import KafkaSettings
from devstack.kafka.settings import as_environment, node_settings
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.children import free_port
from devstack.servers.engine import has_image
from devstack.servers.scratch import scratch_directory
from devstack.testing.observation.leaks import assert_nothing_leaked, read_logs

IMAGE = "apache/kafka:4.1.1"

NewTopicFor = Callable[..., Awaitable[str]]
"""``await new_topic(partitions=6)`` creates a topic for this test only; returns its name."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of what only Apache Kafka implements when the embedded broker is used."""
    if os.environ.get("TEST_KAFKA_BOOTSTRAP") or has_image(IMAGE):
        return
    deselected = [item for item in items if item.get_closest_marker("apache_kafka")]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]


@contextmanager
def running_broker(directory: Path) -> Iterator[str]:
    """Find or run a broker and yield its bootstrap address; ``directory`` is for its data."""
    if bootstrap := os.environ.get("TEST_KAFKA_BOOTSTRAP"):
        yield bootstrap
    elif has_image(IMAGE):
        address = f"127.0.0.1:{free_port()}"
        with _container(address):
            yield address
    else:
        with (broker := EmbeddedBroker(directory)) as bootstrap:
            yield bootstrap
        assert_nothing_leaked(read_logs(broker.log))


def _container(address: str) -> AbstractContextManager[object]:
    from testcontainers.core.container import DockerContainer  # slow, rarely needed
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    settings = node_settings(listen="0.0.0.0:9092", advertised=address, controller="localhost:9093")
    container = DockerContainer(IMAGE).with_bind_ports(9092, int(address.rpartition(":")[2]))
    for name, value in as_environment(settings).items():
        container = container.with_env(name, value)
    started = LogMessageWaitStrategy("Kafka Server started")
    return cast("AbstractContextManager[object]", container.waiting_for(started))


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The bootstrap address of the session's broker."""
    with scratch_directory() as directory, running_broker(directory) as bootstrap:
        yield bootstrap


@pytest.fixture
def topic_name() -> Callable[[], str]:
    """A function that returns a unique topic name, also across runs on the same broker."""
    return lambda: f"test-{uuid4().hex}"


@pytest.fixture
def new_topic(kafka_bootstrap: str, topic_name: Callable[[], str]) -> NewTopicFor:
    async def create(*, partitions: int = 6) -> str:
        name = topic_name()
        settings = KafkaSettings(bootstrap=kafka_bootstrap, partitions=partitions)
        await ensure_topics(settings, [name])
        return name

    return create
