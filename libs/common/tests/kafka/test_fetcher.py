"""How long a fetch waits at the broker."""

import pytest
from aiokafka.consumer.fetcher import Fetcher

from common.messaging import GroupReader
from common.messaging.kafka.fetcher import BUSY_MS, IDLE_MS, PatientFetcher
from common.settings import KafkaSettings
from devstack.testing.kafka import NewTopicFor


async def nothing(_partitions: set[int]) -> None:
    return


@pytest.mark.parametrize(("left", "wait"), [({}, IDLE_MS), ({"a partition": "records"}, BUSY_MS)])
def test_a_fetch_that_leaves_a_partition_out_comes_back_soon(left, wait, monkeypatch):
    monkeypatch.setattr(Fetcher, "_get_actions_per_node", lambda self, _: self._fetch_max_wait_ms)
    fetcher = object.__new__(PatientFetcher)
    fetcher._records = left
    assert fetcher._get_actions_per_node(None) == wait


@pytest.mark.kafka
async def test_the_client_fetches_so(kafka_bootstrap: str, new_topic: NewTopicFor):
    reader = GroupReader(
        KafkaSettings(bootstrap=kafka_bootstrap), group="fetcher", topic=await new_topic(),
        on_assigned=nothing, on_revoked=nothing,
    )  # fmt: skip
    await reader.start()
    try:
        assert isinstance(reader._client._fetcher, PatientFetcher)
        assert hasattr(reader._client._fetcher, "_records")
        assert hasattr(reader._client._fetcher, "_fetch_max_wait_ms")
    finally:
        await reader.stop()
