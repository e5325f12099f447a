"""What must not depend on a broker, least of all on one that is away."""

import asyncio

import pytest

from common.messaging import GroupReader, Producer
from common.messaging.kafka import TopicReader
from common.settings import KafkaSettings

SETTINGS = KafkaSettings(bootstrap="127.0.0.1:1")


async def nothing(_partitions: set[int]) -> None:
    return


def a_producer() -> Producer:
    return Producer(SETTINGS, client_id="test")


def a_reader() -> GroupReader:
    return GroupReader(
        SETTINGS, group="test", topic="test", on_assigned=nothing, on_revoked=nothing
    )


def a_topic_reader() -> TopicReader:
    return TopicReader(SETTINGS, "test", client_id="test")


@pytest.mark.parametrize("failure", [RuntimeError, asyncio.CancelledError])
@pytest.mark.parametrize("make", [a_producer, a_reader, a_topic_reader])
async def test_a_client_that_fails_to_close_stops_nobody(make, failure, monkeypatch):
    tried = []

    async def fail() -> None:
        tried.append(True)
        raise failure("the handler is closed")

    made = make()
    stop = made._client.stop
    monkeypatch.setattr(made._client, "stop", fail)
    monkeypatch.setattr(made, "_abandon", fail)
    await made.stop()
    assert len(tried) == 2
    await stop()
