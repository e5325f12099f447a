"""Recovery after a crash: publish again what the embedded broker lost.

The broker writes its data file about once a second, so a power cut loses the records that it
acknowledged last. The outbox still has them, and the consumers' inbox filters duplicates.
(Replicated Apache Kafka needs no such recovery.)
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import text

from common.db import Transaction
from common.messaging import empty_topics, end_offsets, heartbeat_topic
from common.service import Service
from common.telemetry import get_logger

_log = get_logger(__name__)

LAST_SECONDS = 60
"""Publish again the rows published less than this before the last one."""

_CLAMP = text(
    """
    UPDATE consumer_progress SET next_offset = topic_end.end_offset
    FROM unnest(cast(:partitions AS int[]), cast(:ends AS bigint[]))
         AS topic_end (partition, end_offset)
    WHERE topic = :topic AND consumer_progress.partition = topic_end.partition
      AND next_offset > topic_end.end_offset
    """
)
_PUBLISH_AGAIN = text(
    """
    UPDATE outbox SET published_at = NULL
    WHERE published_at > (SELECT max(published_at) FROM outbox) - make_interval(secs => :seconds)
    """
)


async def recover(services: Iterable[Service], *, crashed: bool) -> None:
    """Reset positions past the broker's end and publish again the rows that it may have lost.

    Heartbeats are dropped then: offsets that they name may belong to other records now.
    """
    services = list(services)
    clamped = [await _clamp(service) for service in services]
    if crashed or any(clamped):
        heartbeats = [heartbeat_topic(service.name) for service in services]
        await empty_topics(services[0].settings.kafka, heartbeats)
        for service in services:
            rows = await service.database.run(_publish_again)
            _log.info("recovery.published_again", service=service.name, rows=rows)


async def _clamp(service: Service) -> int:
    """Move positions beyond the end of their partition back to it; return how many there were."""
    moved = 0
    for topic in {stream.topic for stream in service.streams.values()}:
        ends = await end_offsets(service.settings.kafka, topic)
        moved += await service.database.run(_take_back, topic, ends)
    return moved


async def _take_back(tx: Transaction, topic: str, ends: Mapping[int, int]) -> int:
    arguments = {"topic": topic, "partitions": list(ends), "ends": list(ends.values())}
    return (await tx.execute(_CLAMP, arguments)).rowcount


async def _publish_again(tx: Transaction) -> int:
    return (await tx.execute(_PUBLISH_AGAIN, {"seconds": LAST_SECONDS})).rowcount
