"""Which topics a relay sends prompt heartbeats for, because a consumer has asked for them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from common.messaging.envelope import Record
from common.messaging.kafka import KafkaError, TopicReader
from common.messaging.watermarks.request import PromptRequest, request_topic
from common.runtime import Backoff, Loop, Round
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger

_log = get_logger(__name__)

RETRY = Backoff(0.5, most_seconds=30.0, jitter=0.5)


class PromptHeartbeats:
    """Reads the requests of other services. Without them heartbeats come, but later.

    ``wake`` is called when a request makes a topic prompt that was not.
    """

    def __init__(self, kafka: KafkaSettings, *, service: str, wake: Callable[[], None]) -> None:
        self._kafka = kafka
        self._service = service
        self._wake = wake
        self._until: dict[str, float] = {}
        self._loop = Loop(
            f"requests:{service}",
            self._session,
            retry=RETRY,
            survives=(KafkaError, TimeoutError, OSError),
            on_failure=self._interrupted,
        )

    async def run(self, stop: asyncio.Event) -> None:
        await self._loop.run(stop)

    def wanted(self, topic: str) -> bool:
        return time.monotonic() < self._until.get(topic, 0.0)

    def note(self, request: PromptRequest) -> None:
        """Count a request from now on."""
        was_wanted = self.wanted(request.topic)
        until = time.monotonic() + request.seconds
        self._until[request.topic] = max(until, self._until.get(request.topic, 0.0))
        if not was_wanted:
            self._wake()

    def _session(self) -> AbstractAsyncContextManager[Round]:
        topic, name = request_topic(self._service), f"{self._service}-relay"
        reader = TopicReader(self._kafka, topic, client_id=name, from_end=True)
        return reader.session(self._take)

    async def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            if (request := PromptRequest.read(record)) is not None:
                self.note(request)

    def _interrupted(self, error: Exception) -> None:
        _log.warning("relay.requests_unread", service=self._service, error=describe(error))
