"""The topics that a shard may publish to, and how many partitions each has."""

import asyncio
import time
from collections.abc import Collection

from common.messaging.kafka import KafkaError, Producer
from common.telemetry import get_logger

_log = get_logger(__name__)

LOOKUP_SECONDS = 2.0
CLOSED_SECONDS = 30.0


class Topics:
    """What one producer knows of the topics it publishes to.

    A topic is closed for a while when it does not exist, or when the number of shards does not
    divide its partitions, so that no watermark would cover the keys of one. Its rows wait, and the
    watermark waits with them; rows of other topics do not.
    """

    def __init__(self, producer: Producer, *, service: str, shards: int) -> None:
        self._producer = producer
        self._service = service
        self._shards = shards
        self._counts: dict[str, int] = {}
        self._closed_until: dict[str, float] = {}

    @property
    def closed(self) -> Collection[str]:
        return self._closed_until.keys()

    def reopen_due(self) -> None:
        """Look again at topics that were closed long enough ago."""
        now = time.monotonic()
        self._closed_until = {t: until for t, until in self._closed_until.items() if until > now}

    async def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; 0 while it is closed."""
        if topic not in self._counts and topic not in self._closed_until:
            await self._look_up(topic)
        return self._counts.get(topic, 0)

    async def _look_up(self, topic: str) -> None:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                count = await self._producer.partitions(topic)
        except (TimeoutError, KafkaError):
            count = 0
        if count and count % self._shards == 0:
            self._counts[topic] = count
            return
        self._closed_until[topic] = time.monotonic() + CLOSED_SECONDS
        _log.error("relay.topic_closed", service=self._service, topic=topic,
                   partitions=count, shards=self._shards)  # fmt: skip
