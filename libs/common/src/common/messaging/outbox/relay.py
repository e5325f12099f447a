"""Publishes the outbox to Kafka: at least once, in order per key, with a reliable watermark.

A relay publishes what is unpublished, oldest first. It never remembers a position, because a row
with a lower number may commit later. Keys are spread over shards. One relay is active per shard,
which a session's advisory lock ensures, and rows are marked on that very session: a relay that lost
its lock cannot mark anything.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database, listen
from common.errors import UnavailableError
from common.messaging.kafka import KafkaError, Producer
from common.messaging.outbox import relay_store
from common.messaging.outbox.events import RECORDED
from common.messaging.outbox.publisher import Publisher, Shard
from common.messaging.watermarks import PromptHeartbeats
from common.runtime import Backoff, Loop, Round
from common.settings import KafkaSettings, RelaySettings
from common.telemetry import describe, get_logger, metrics

_log = get_logger(__name__)

LOCK_RETRY_SECONDS = 1.0
STALLED_SECONDS = 30.0


class Relay:
    """All shards of one service's outbox, as one component.

    For ``heartbeat_topics`` it sends heartbeats where no event carries the watermark on, and prompt
    ones while other services ask for them, if ``prompt_on_request``.
    ``held_since`` is a scalar SQL query for the time of the oldest input that is stored but not yet
    turned into events; the watermark does not pass it.
    """

    name = "relay"

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        settings: RelaySettings,
        *,
        service: str,
        heartbeat_topics: Sequence[str] = (),
        prompt_on_request: bool = False,
        held_since: str | None = None,
    ) -> None:
        self._prompt = PromptHeartbeats(kafka, service=service, wake=self._wake)
        self._prompt_on_request = prompt_on_request
        self._shards = [
            _ShardRelay(
                Shard(
                    service=service,
                    number=number,
                    settings=settings,
                    statement=relay_store.fetch_statement(held_since),
                    heartbeat_topics=heartbeat_topics,
                    deadline_seconds=kafka.produce_deadline_seconds,
                ),
                database,
                kafka,
                self._prompt,
            )
            for number in range(settings.shards)
        ]
        database.on_signal(RECORDED, self._wake)

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for shard in self._shards:
                group.create_task(shard.loop.run(stop))
            if self._prompt_on_request:
                group.create_task(self._prompt.run(stop))

    def _wake(self) -> None:
        for shard in self._shards:
            shard.wake()

    def healthy(self) -> str | None:
        return next((reason for s in self._shards if (reason := s.healthy())), None)


class _ShardRelay:
    """Waits for a shard's lock, then publishes; after trouble on either side it starts afresh."""

    def __init__(
        self, shard: Shard, database: Database, kafka: KafkaSettings, prompt: PromptHeartbeats
    ) -> None:
        self._shard = shard
        self._database = database
        self._kafka = kafka
        self._prompt = prompt
        self._publisher: Publisher | None = None
        self.loop = Loop(
            f"relay:{shard.number}",
            self._session,
            retry=Backoff.constant(LOCK_RETRY_SECONDS),
            survives=(UnavailableError, KafkaError, TimeoutError, OSError),
            on_failure=self._interrupted,
            stalled_seconds=STALLED_SECONDS,
            stalled=f"shard {shard.number} of the relay has stopped",
        )

    def healthy(self) -> str | None:
        return self.loop.healthy() or (self._publisher.healthy() if self._publisher else None)

    def wake(self) -> None:
        """Look now, and often for a while: an event was recorded, or its watermark is wanted."""
        if self._publisher is not None:
            self._publisher.look_often()
        self.loop.wake()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Round]:
        async with self._database.dedicated() as session, AsyncExitStack() as stack:
            await listen(session, RECORDED, self.wake)

            async def round_() -> float:
                if self._publisher is None:
                    if not await relay_store.try_lock(session, self._shard.number):
                        return LOCK_RETRY_SECONDS
                    self._publisher = await stack.enter_async_context(self._publishing(session))
                return await self._publisher.publish_batch()

            yield round_

    @asynccontextmanager
    async def _publishing(self, session: AsyncConnection) -> AsyncIterator[Publisher]:
        client_id = f"{self._shard.service}-relay-{self._shard.number}"
        producer = Producer(self._kafka, client_id=client_id)
        try:
            async with asyncio.timeout(self._kafka.produce_deadline_seconds):
                await producer.start()
            yield Publisher(self._shard, session, producer, prompt=self._prompt)
        finally:
            self._publisher = None
            await producer.stop()

    def _interrupted(self, error: Exception) -> str:
        _log.error("relay.interrupted", service=self._shard.service, shard=self._shard.number,
                   error=describe(error))  # fmt: skip
        metrics.RELAY_FAILURES.labels(self._shard.service, type(error).__name__).inc()
        return f"not publishing: {type(error).__name__}"
