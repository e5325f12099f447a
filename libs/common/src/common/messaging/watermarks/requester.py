"""Asks the relays of another service for prompt heartbeats while something waits for them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common.messaging.kafka import KafkaError, Producer
from common.messaging.watermarks.request import PromptRequest
from common.runtime import Backoff, Loop, Round
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger

_log = get_logger(__name__)

REPEAT_SECONDS = 1.0
ASKED_SECONDS = 3 * REPEAT_SECONDS
"""For how long one request counts: two may be lost without effect."""
SEND_SECONDS = 10.0
RETRY = Backoff(0.5, most_seconds=30.0, jitter=0.5)


class HeartbeatRequester:
    """Repeats a request every second while it is wanted. A lost one costs latency only."""

    def __init__(self, kafka: KafkaSettings, *, name: str, service: str, topic: str) -> None:
        self.name = name
        self._kafka = kafka
        self._service = service
        self._request = PromptRequest(topic=topic, seconds=ASKED_SECONDS)
        self._wanted_until = self._asked_at = -math.inf
        self._loop = Loop(
            name,
            self._session,
            retry=RETRY,
            survives=(KafkaError, TimeoutError, OSError),
            on_failure=self._interrupted,
        )

    def want(self) -> None:
        """Ask now, and for the next second, unless that was asked less than a second ago."""
        now = time.monotonic()
        self._wanted_until = now + REPEAT_SECONDS
        if now - self._asked_at >= REPEAT_SECONDS:
            self._loop.wake()

    def healthy(self) -> str | None:
        return None

    async def run(self, stop: asyncio.Event) -> None:
        await self._loop.run(stop)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Round]:
        producer = Producer(self._kafka, client_id=self.name)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await producer.start()

            async def round_() -> float:
                if time.monotonic() >= self._wanted_until:
                    return math.inf
                self._asked_at = time.monotonic()
                async with asyncio.timeout(SEND_SECONDS):
                    await producer.send_all([self._request.outgoing(service=self._service)])
                return REPEAT_SECONDS

            yield round_
        finally:
            await producer.stop()

    def _interrupted(self, error: Exception) -> None:
        _log.warning("consumer.request_unsent", service=self._service, error=describe(error))
