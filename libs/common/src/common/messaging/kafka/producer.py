"""An idempotent producer."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from common.messaging.kafka.connection import close_client, connection_settings
from common.messaging.kafka.fetcher import published
from common.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class Outgoing:
    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]


class Producer:
    """An idempotent producer, ``acks=all``.

    It retries forever while brokers are away, and it never recovers once it has lost its sequence:
    put a deadline around ``send_all``, and replace the producer when the deadline passes.
    """

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._client = AIOKafkaProducer(
            **connection_settings(settings),
            client_id=client_id,
            enable_idempotence=True,
            acks="all",
            max_batch_size=262_144,
            max_request_size=settings.max_request_bytes,
        )

    async def start(self) -> None:
        await self._client.start()

    async def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has."""
        return len(await self._client.partitions_for(topic))

    async def send_all(self, records: Iterable[Outgoing]) -> None:
        """Send in the order given and wait until all replicas in sync have all of them."""
        records = list(records)
        sent = [
            await self._client.send(
                r.topic, r.value, key=r.key, partition=r.partition, headers=list(r.headers)
            )
            for r in records
        ]
        await asyncio.gather(*sent)
        published({r.topic for r in records})

    async def stop(self) -> None:
        """Close; a broker that is down delays this by little more than 5 s."""
        await close_client(self._client.stop, self._abandon)

    async def _abandon(self) -> None:
        """Close what the client leaves open when its own stop is cancelled: sockets and sender.

        Without sockets its requests fail, which ends the sender. Unsent records must fail too, or
        the flush of that stop would never end.
        """
        sender, unsent = self._client._sender, self._client._message_accumulator  # noqa: SLF001 - see above
        try:
            await self._client.client.close()
            await asyncio.gather(sender.close(), return_exceptions=True)
        finally:
            unsent.fail_all(KafkaError("given up"))
