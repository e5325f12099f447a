"""Carry what the services tell each other, in Kafka's place: from outbox to stream."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging import Record, Stream, inbox, rfc3339
from common.messaging.inbox.batches import BatchHandler
from common.service import Service

_NEWS = text(
    "SELECT position, topic, aggregateid, payload, headers FROM outbox"
    " WHERE position > :after ORDER BY position"
)


class Carrier:
    """Remembers how far each outbox was carried."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services
        self._carried: dict[str, int] = defaultdict(int)

    async def carry(self) -> None:
        """Tell everything to everybody, the news that comes of it too."""
        while any([await self._carry_from(service) for service in self._services.values()]):
            pass

    async def _carry_from(self, producer: Service) -> bool:
        after = self._carried[producer.name]
        rows = await producer.database.read(_news, after)
        for row in rows:
            await self._tell(row, producer.clock.now())
            self._carried[producer.name] = row.position
        return bool(rows)

    async def _tell(self, row: Any, heard_until: datetime) -> None:
        about = row.headers | {"watermark": rfc3339(heard_until)}
        headers = [(name, value.encode()) for name, value in about.items()]
        for service in self._services.values():
            for stream in service.streams.values():
                if stream.topic == row.topic:
                    at = await _position(service, stream)
                    key, value = row.aggregateid.encode(), row.payload.encode()
                    record = Record(row.topic, 0, at, key, value, headers)
                    handler = BatchHandler(service.database, stream, service.clock)
                    await handler.handle(at, [record])


async def _position(service: Service, stream: Stream) -> int:
    """Return where the consumer stands, in the one partition that we pretend there is."""
    found = await service.database.run(
        inbox.ensure_positions, stream.consumer, stream.topic, {0: 0}
    )
    return found.get(0, 0)


async def _news(connection: AsyncConnection, after: int) -> list[Any]:
    return list(await connection.execute(_NEWS, {"after": after}))
