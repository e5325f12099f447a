"""Reads all partitions of a topic, outside any group."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError

from common.messaging.envelope import Record
from common.messaging.kafka.base_reader import BaseReader, record_of
from common.runtime import Round
from common.settings import KafkaSettings

POLL_SECONDS = 1.0
STUCK_SECONDS = 60.0
"""Longer than the client waits for the answer to a fetch."""


class TopicReader(BaseReader):
    """Reads a small topic from its first record, or only what comes after the start."""

    def __init__(
        self, settings: KafkaSettings, topic: str, *, client_id: str, from_end: bool = False
    ) -> None:
        first = "latest" if from_end else "earliest"
        super().__init__(
            settings, topic, client_id=client_id, group_id=None, auto_offset_reset=first
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
