"""Compaction keeps the latest heartbeat of each partition, and that is enough for a consumer."""

from datetime import timedelta
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from common.db import wall_time
from common.messaging import heartbeat_topic
from common.messaging.watermarks import Heartbeat
from devstack.testing.kafka import NewTopicFor
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.kafka.consuming import Sending, consumer
from libs.common.tests.kafka.test_heartbeats import send, stands_at, stream_of
from libs.common.tests.kafka.test_relay import running
from libs.common.tests.plumbing import database, make_kept

pytestmark = [pytest.mark.kafka, pytest.mark.apache_kafka, pytest.mark.timeout(180)]

EAGER = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
}
"""Makes the broker compact a topic as soon as its cleaner looks, every 15 s."""


async def test_the_heartbeat_that_compaction_leaves_counts_once_it_is_reached(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    """Those before it are gone, of which the consumer could have counted one at once."""
    service = f"notes-{uuid4().hex}"
    topic, db, now = await new_topic(partitions=1), database(fresh_dsn("common")), wall_time()
    earlier, later = now - timedelta(seconds=60), now - timedelta(seconds=30)
    await db.run(make_kept)
    await make_eager_topic(kafka_bootstrap, heartbeat_topic(service))
    await send(kafka_bootstrap, Heartbeat(topic, 0, 0, earlier), service=service)
    await send(kafka_bootstrap, Heartbeat(topic, 0, 1, later), service=service)

    async def is_compacted() -> bool:
        """Send a heartbeat about another topic, which closes the segment; look what is left."""
        last = Heartbeat("other", 0, 0, wall_time())
        await send(kafka_bootstrap, last, service=service)
        beats = await heartbeats(kafka_bootstrap, heartbeat_topic(service), last=last)
        return [beat.offset for beat in beats if beat.topic == topic] == [1]

    await until(is_compacted, within=60, every=1)
    reading = consumer(db, kafka_bootstrap, stream_of(topic, service=service))
    async with Sending(kafka_bootstrap, topic) as sending, running(reading):
        await until(lambda: stands_at(db, {0: None}), within=20)
        await sending.note("one")
        await until(lambda: stands_at(db, {0: later}), within=20)
    await db.close()


async def make_eager_topic(bootstrap: str, name: str) -> None:
    operator = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await operator.start()
    await operator.create_topics([NewTopic(name, 1, 1, topic_configs=EAGER)])
    await operator.close()


async def heartbeats(bootstrap: str, topic: str, *, last: Heartbeat) -> list[Heartbeat]:
    """Return the heartbeats that are left in the topic, up to one that was sent."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await reader.start()
    reader.assign([TopicPartition(topic, 0)])
    beats: list[Heartbeat] = []
    try:
        while last not in beats:
            for records in (await reader.getmany(timeout_ms=500)).values():
                beats += [beat for record in records if (beat := Heartbeat.read(record))]
    finally:
        await reader.stop()
    return beats
