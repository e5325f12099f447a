"""Topics: create those that are missing, and see where they end."""

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from common.messaging.kafka.connection import connection_settings, open_admin
from common.settings import KafkaSettings

WATERMARKS = ".watermarks"
"""Ends the name of a service's topic of heartbeats, which is compacted: one key per partition."""
WATERMARKS_WANTED = ".watermarks.wanted"
"""Ends the name of the topic on which a service is asked for prompt heartbeats."""

_ROLL_SECONDS = 600
"""How old the part of a compacted topic grows that compaction leaves alone."""
_KEEP_SECONDS = 3600
"""How long every heartbeat stays, so that one can see afterwards what a breach rested on."""


async def ensure_topics(settings: KafkaSettings, topics: Iterable[str]) -> None:
    """Create the topics that do not exist yet; the others stay as they are."""
    async with open_admin(settings) as admin:
        present = set(await admin.list_topics())
        for topic in sorted(set(topics) - present):
            new = _new_topic(topic, settings)
            try:
                response = await admin.create_topics([new])
                _raise_unless_created(response)
            except TopicAlreadyExistsError:
                continue


def _new_topic(topic: str, settings: KafkaSettings) -> NewTopic:
    partitions = settings.partitions
    configuration = {"retention.ms": str(settings.retention_hours * 3_600_000)}
    if topic.endswith(WATERMARKS):
        partitions = 1
        configuration = {
            "cleanup.policy": "compact",
            "segment.ms": str(_ROLL_SECONDS * 1000),
            "min.compaction.lag.ms": str(_KEEP_SECONDS * 1000),
            "min.cleanable.dirty.ratio": "0.1",
        }
    elif topic.endswith(WATERMARKS_WANTED):
        partitions = 1
        configuration = {"retention.ms": "3600000"}
    return NewTopic(topic, partitions, settings.replication_factor, topic_configs=configuration)


async def empty_topics(settings: KafkaSettings, topics: Iterable[str]) -> None:
    """Delete topics with all their records, and create them again."""
    names = sorted(topics)
    async with open_admin(settings) as admin:
        await admin.delete_topics(names)
    await ensure_topics(settings, names)


async def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the offset after the last record of each partition of a topic."""
    # A client made without a topic may not know its partitions, and does not say so.
    client = AIOKafkaConsumer(topic, **connection_settings(settings))
    await client.start()
    try:
        ends = await client.end_offsets(client.assignment())
    finally:
        await client.stop()
    return {tp.partition: offset for tp, offset in ends.items()}


def _raise_unless_created(response: Any) -> None:
    already = TopicAlreadyExistsError.errno
    for topic, code, *_ in response.topic_errors:
        if code not in {0, already}:
            raise KafkaError(f"topic {topic} was not created: error code {code}")
