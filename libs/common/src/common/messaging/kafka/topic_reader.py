"""Reads all partitions of a topic, outside any group."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from common.messaging.envelope import Record
from common.messaging.kafka.connection import close_client, connection_settings
from common.messaging.kafka.fetcher import wait_long_when_idle
from common.messaging.kafka.reader import abandon, record_of
from common.messaging.kafka.records import read_any_header_name
from common.runtime import Round
from common.settings import KafkaSettings

POLL_SECONDS = 1.0
STUCK_SECONDS = 60.0
"""Longer than the client waits for the answer to a fetch."""


class TopicReader:
    """Reads a small topic from its first record, or only what comes after the start."""

    def __init__(
        self, settings: KafkaSettings, topic: str, *, client_id: str, from_end: bool = False
    ) -> None:
        read_any_header_name()
        wait_long_when_idle()
        self._max_records = settings.max_poll_records
        self._client = AIOKafkaConsumer(
            topic,
            **connection_settings(settings),
            client_id=client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="latest" if from_end else "earliest",
            isolation_level="read_committed",
            metadata_max_age_ms=30_000,
            consumer_timeout_ms=1_000,
        )

    async def start(self) -> None:
        """Connect. Raises KafkaError when the topic does not exist."""
        await self._client.start()

    async def poll(self, wait_seconds: float) -> list[Record]:
        """Return the records that arrive within ``wait_seconds``.

        Raises KafkaError when the client is stuck, which it does not report itself.
        """
        if self._client._fetcher.seconds_without_fetch() > STUCK_SECONDS:  # noqa: SLF001 - see above
            raise KafkaError("the client has stopped fetching")
        polled = await self._client.getmany(
            timeout_ms=int(wait_seconds * 1000), max_records=self._max_records
        )
        return [record_of(raw) for records in polled.values() for raw in records]

    @asynccontextmanager
    async def session(
        self, take: Callable[[Sequence[Record]], Awaitable[None]]
    ) -> AsyncIterator[Round]:
        """Open a loop's session, whose rounds pass to ``take`` what they read, even nothing."""

        async def round_() -> float:
            await take(await self.poll(POLL_SECONDS))
            return 0.0

        try:
            await self.start()
            yield round_
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Close; a broker that is down delays this by little more than 5 s."""
        await close_client(self._client.stop, self._abandon)

    async def _abandon(self) -> None:
        await abandon(self._client)
