"""How long a fetch waits at the broker, or here when the broker does not hold it."""

import asyncio
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import pytest
from aiokafka.consumer.fetcher import Fetcher

from common.messaging import GroupReader, Outgoing, Producer
from common.messaging.kafka import KafkaError, TopicReader
from common.messaging.kafka.fetcher import BUSY_MS, IDLE_MS, PARTIAL_MS, PatientFetcher
from common.runtime import Backoff
from common.settings import KafkaSettings
from devstack.testing.kafka import NewTopicFor


async def nothing(_partitions: set[int]) -> None:
    return


READY = SimpleNamespace(has_valid_position=True, paused=False)
PAUSED = SimpleNamespace(has_valid_position=True, paused=True)
UNKNOWN = SimpleNamespace(has_valid_position=False, paused=False)


def fetcher(monkeypatch, *, records=None, waited_ms=IDLE_MS):
    monkeypatch.setattr(Fetcher, "_get_actions_per_node", lambda self, _: self._fetch_max_wait_ms)
    patient = object.__new__(PatientFetcher)
    patient._records = records or {}
    patient._fetch_max_wait_ms = waited_ms
    patient._calls, patient._waits, patient._early_answers = 0, {asyncio.Event()}, 0
    return patient


def assignment(*states):
    tps = [SimpleNamespace(topic="events", partition=n) for n in range(len(states))]
    return SimpleNamespace(tps=tps, state_value=lambda tp: states[tp.partition])


@pytest.mark.parametrize(
    ("records", "states", "wait"),
    [
        ({}, [READY, READY], IDLE_MS),
        ({"a partition": "records"}, [READY, READY], BUSY_MS),
        ({}, [READY, PAUSED], PARTIAL_MS),
        ({}, [UNKNOWN, READY], PARTIAL_MS),
    ],
)
def test_a_fetch_that_leaves_a_partition_out_comes_back_soon(records, states, wait, monkeypatch):
    patient = fetcher(monkeypatch, records=records)
    assert patient._get_actions_per_node(assignment(*states)) == wait


@pytest.mark.parametrize(("waited_ms", "ends"), [(BUSY_MS, True), (IDLE_MS, False)])
def test_a_wait_ends_when_a_partition_that_was_left_out_is_ready(waited_ms, ends, monkeypatch):
    patient = fetcher(monkeypatch, waited_ms=waited_ms)
    patient._get_actions_per_node(assignment(READY))
    assert all(wait.is_set() for wait in patient._waits) is ends


@asynccontextmanager
async def reading(bootstrap: str, topic: str):
    """Yield a member of a new group on the topic's only partition, and the list of its requests."""
    reader = GroupReader(
        KafkaSettings(bootstrap=bootstrap), group=f"of-{topic}", topic=topic,
        on_assigned=nothing, on_revoked=nothing,
    )  # fmt: skip
    await reader.start()
    try:
        while not reader.assigned():
            await reader.poll(0.1)
        requests: list[str] = []
        send = reader._client._client.send

        async def counted(node, request, **options):
            requests.append(type(request).__name__)
            return await send(node, request, **options)

        reader._client._client.send = counted
        reader.seek(0, 0)
        yield reader, requests
    finally:
        await reader.stop()


@pytest.mark.kafka
async def test_the_client_fetches_so(kafka_bootstrap: str, new_topic: NewTopicFor):
    async with reading(kafka_bootstrap, await new_topic(partitions=1)) as (reader, _):
        assert isinstance(reader._client._fetcher, PatientFetcher)
        assert hasattr(reader._client._fetcher, "_records")
        assert hasattr(reader._client._fetcher, "_fetch_max_wait_ms")


@pytest.mark.kafka
async def test_an_idle_consumer_fetches_about_once_a_second_whatever_the_broker_does(
    kafka_bootstrap: str, new_topic: NewTopicFor
):
    async with reading(kafka_bootstrap, await new_topic(partitions=1)) as (reader, requests):
        await reader.poll(2.0)  # the waits grow
        requests.clear()
        await reader.poll(4.0)
        assert requests.count("FetchRequest") <= 8


@pytest.mark.kafka
async def test_a_record_from_this_process_ends_the_wait(
    kafka_bootstrap: str, new_topic: NewTopicFor, monkeypatch
):
    monkeypatch.setattr("common.messaging.kafka.fetcher.IDLE_MS", 30_000)
    monkeypatch.setattr("common.messaging.kafka.fetcher._EARLY", Backoff(30.0))
    topic = await new_topic(partitions=1)
    producer = Producer(KafkaSettings(bootstrap=kafka_bootstrap), client_id="test")
    await producer.start()
    async with reading(kafka_bootstrap, topic) as (reader, _):
        for number in range(3):
            await reader.poll(0.5)  # the next fetch is half a minute away
            await producer.send_all([Outgoing(topic, 0, None, b"record", ())])
            polled = await reader.poll(10.0)
            assert [record.offset for record in polled[0]] == [number]
    await producer.stop()


@pytest.mark.kafka
async def test_a_reader_that_has_stopped_fetching_says_so(
    kafka_bootstrap: str, new_topic: NewTopicFor, monkeypatch
):
    monkeypatch.setattr("common.messaging.kafka.topic_reader.STUCK_SECONDS", 2.0)
    topic, settings = await new_topic(partitions=1), KafkaSettings(bootstrap=kafka_bootstrap)
    reader = TopicReader(settings, topic, client_id="test")
    await reader.start()
    try:
        for _ in range(4):
            assert await reader.poll(1.0) == []  # idle, and fetching
        reader._client._fetcher._fetch_task.cancel()
        for _ in range(3):
            with suppress(KafkaError):
                await reader.poll(1.0)
        with pytest.raises(KafkaError, match="stopped fetching"):
            await reader.poll(1.0)
    finally:
        await reader.stop()
