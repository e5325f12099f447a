"""What all readers share: how their client is set up, and how it is closed."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer

from common.messaging.envelope import Record
from common.messaging.kafka.connection import close_client, connection_settings
from common.messaging.kafka.fetcher import wait_long_when_idle
from common.messaging.kafka.records import read_any_header_name
from common.settings import KafkaSettings


class BaseReader:
    """Holds a client that never commits by itself; ``options`` are further ones of aiokafka's."""

    def __init__(
        self, settings: KafkaSettings, *topics: str, client_id: str, **options: Any
    ) -> None:
        read_any_header_name()
        wait_long_when_idle()
        self._max_records = settings.max_poll_records
        self._client = AIOKafkaConsumer(
            *topics,
            **connection_settings(settings),
            client_id=client_id,
            enable_auto_commit=False,
            isolation_level="read_committed",
            metadata_max_age_ms=30_000,
            # How often the client looks for work without a cause; each cause wakes it anyway.
            consumer_timeout_ms=1_000,
            **options,
        )

    async def stop(self) -> None:
        """Close, leaving a group; a broker that is down delays this by little more than 5 s."""
        await close_client(self._client.stop, self._abandon)

    async def _abandon(self) -> None:
        """Close what the client leaves open when its own stop is cancelled: fetcher and sockets."""
        fetcher, sockets = self._client._fetcher, self._client._client  # noqa: SLF001 - see above
        await sockets.close()
        if fetcher is not None:
            await asyncio.gather(fetcher.close(), return_exceptions=True)


def record_of(raw: Any) -> Record:
    """Return a record of the client's as ours."""
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers)
