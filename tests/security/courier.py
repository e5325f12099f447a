"""Carries events from the outboxes to the streams, as Kafka would."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Transaction
from common.jsons import loads
from common.messaging import Record, Stream, inbox, rfc3339
from common.messaging.inbox.batches import BatchHandler
from common.messaging.watermarks import Heartbeat
from common.service import Service

_EVENTS = text(
    "SELECT position, topic, aggregateid, payload, headers FROM outbox"
    " WHERE position > :after AND payload <> '' ORDER BY position"
)


_PUBLISHED = text(
    "UPDATE outbox SET published_at = clock_timestamp()"
    " WHERE published_at IS NULL AND position <= :position"
)


async def _mark_published(tx: Transaction, position: int) -> None:
    """Mark what was carried, as a relay does."""
    await tx.execute(_PUBLISHED, {"position": position})


class Carrier:
    """Carries events, and remembers them, and the position reached in each outbox.

    An outbox itself does not remember: an erasure empties events.
    """

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services
        self._carried: dict[str, int] = defaultdict(int)
        self.published: list[dict[str, Any]] = []
        """All events of all services, each as the value of its record."""

    async def carry(self) -> None:
        """Carry all events to all streams, including the events that this causes."""
        while any([await self._carry_from(service) for service in self._services.values()]):
            pass

    async def beat(self, *, silent: Collection[str] = ()) -> None:
        """Tell all consumers that they know what was written until now, as heartbeats do.

        ``silent`` services say nothing.
        """
        for service in self._services.values():
            for stream in service.streams.values():
                source = stream.topic.partition(".")[0]
                if source not in silent:
                    at = await position_of(service, stream)
                    beat = Heartbeat(stream.topic, 0, at, self._services[source].clock.now())
                    await service.database.run(inbox.raise_watermarks, stream.consumer, [beat])

    async def _carry_from(self, producer: Service) -> bool:
        after = self._carried[producer.name]
        rows = await producer.database.read(_events, after)
        for row in rows:
            await self._deliver(row, watermark=producer.clock.now())
            self._carried[producer.name] = row.position
            self.published.append(loads(row.payload))
        if rows:
            await producer.database.run(_mark_published, rows[-1].position)
        return bool(rows)

    async def _deliver(self, row: Any, *, watermark: datetime) -> None:
        texts = row.headers | {"watermark": rfc3339(watermark)}
        headers = [(name, value.encode()) for name, value in texts.items()]
        for service in self._services.values():
            for stream in service.streams.values():
                if stream.topic == row.topic:
                    at = await position_of(service, stream)
                    key, value = row.aggregateid.encode(), row.payload.encode()
                    record = Record(row.topic, 0, at, key, value, headers)
                    handler = BatchHandler(service.database, stream, service.clock)
                    await handler.handle(at, [record])


async def position_of(service: Service, stream: Stream) -> int:
    """Return the consumer's position in the only partition."""
    positions = await service.database.run(
        inbox.ensure_positions, stream.consumer, stream.topic, {0: 0}
    )
    return positions.get(0, 0)


async def _events(connection: AsyncConnection, after: int) -> list[Any]:
    return list(await connection.execute(_EVENTS, {"after": after}))
