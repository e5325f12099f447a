"""What is asked of a broker besides reading and writing."""

import pytest

from common.messaging import Outgoing, Producer, end_offsets
from common.settings import KafkaSettings
from devstack.testing.kafka import NewTopicFor

pytestmark = pytest.mark.kafka


async def test_the_end_of_every_partition_is_known(kafka_bootstrap: str, new_topic: NewTopicFor):
    settings = KafkaSettings(bootstrap=kafka_bootstrap)
    topic = await new_topic(partitions=3)
    producer = Producer(settings, client_id="test")
    await producer.start()
    await producer.send_all([Outgoing(topic, p, b"k", b"v", []) for p in (0, 2, 2)])
    await producer.stop()
    assert await end_offsets(settings, topic) == {0: 1, 1: 0, 2: 2}
