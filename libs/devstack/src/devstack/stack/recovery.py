"""After a hard end: what the embedded broker lost is published again.

The broker writes its data file about once a second, so a power cut takes what it acknowledged
last. Nothing of that is gone for good: the outbox still has it, and consumers know by their inbox
what they have seen. (Apache Kafka with replicas needs none of this.)
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import text

from common.db import Transaction
from common.messaging import end_offsets
from common.service import Service
from common.telemetry import get_logger

_log = get_logger(__name__)

LAST_SECONDS = 60
"""How far back from the last published row rows are published again."""

_CLAMP = text(
    """
    UPDATE consumer_progress SET next_offset = kept.end_offset
    FROM unnest(cast(:partitions AS int[]), cast(:ends AS bigint[])) AS kept (partition, end_offset)
    WHERE topic = :topic AND consumer_progress.partition = kept.partition
      AND next_offset > kept.end_offset
    """
)
_PUBLISH_AGAIN = text(
    """
    UPDATE outbox SET published_at = NULL
    WHERE published_at > (SELECT max(published_at) FROM outbox) - make_interval(secs => :seconds)
    """
)


async def recover(services: Iterable[Service], *, ended_hard: bool) -> None:
    """Bring outboxes and positions in line with what the broker still has."""
    services = list(services)
    lost = [await _clamp(service) for service in services]
    if ended_hard or any(lost):
        for service in services:
            again = await service.database.run(_publish_again)
            _log.info("recovery.published_again", service=service.name, rows=again)


async def _clamp(service: Service) -> int:
    """Take positions back to the end of their partition; return how many were past it."""
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
