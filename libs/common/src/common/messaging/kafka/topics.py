"""Topics: create those that are missing, and see where they end."""

from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from common.messaging.kafka.connection import connection_settings
from common.settings import KafkaSettings


async def ensure_topics(settings: KafkaSettings, topics: Iterable[str]) -> None:
    """Create the topics that do not exist yet; the others stay as they are."""
    admin = AIOKafkaAdminClient(**connection_settings(settings))
    await admin.start()
    try:
        present = set(await admin.list_topics())
        for topic in sorted(set(topics) - present):
            new = NewTopic(
                topic,
                settings.partitions,
                settings.replication_factor,
                topic_configs={"retention.ms": str(settings.retention_hours * 3_600_000)},
            )
            try:
                response = await admin.create_topics([new])
                _raise_unless_created(response)
            except TopicAlreadyExistsError:
                continue
    finally:
        await admin.close()


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
