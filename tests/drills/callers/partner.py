"""A partner that writes to the inbound topic, with a Kafka client that may break like ours."""

import asyncio
from collections.abc import Sequence
from itertools import count

from aiokafka.errors import KafkaError

from common.messaging import Outgoing, Producer, key_hash
from common.settings import KafkaSettings
from tests.drills.callers.messages import Message

INBOUND = "interactions.inbound"
UNACKNOWLEDGED_SECONDS = 20.0
PAUSE_SECONDS = 0.5


class Partner:
    """Sends until the broker acknowledges; repeats records that may have arrived, with their ids.

    An idempotent producer that has lost its sequence never recovers, and a failed send may have
    caused that, so a new producer replaces it.
    """

    def __init__(self, bootstrap: str) -> None:
        self._settings = KafkaSettings(bootstrap=bootstrap)
        self._producer: Producer | None = None
        self._numbers = count(1)
        self._connecting = asyncio.Lock()

    async def send(self, messages: Sequence[Message], values: Sequence[bytes]) -> None:
        """Send one value for each message, keyed by its sender."""
        while True:
            producer = await self._connected()
            try:
                async with asyncio.timeout(UNACKNOWLEDGED_SECONDS):
                    partitions = await producer.partitions(INBOUND)
                    await producer.send_all(
                        Outgoing(
                            INBOUND,
                            key_hash(message.phone) % partitions,
                            message.phone.encode(),
                            value,
                            [("ce_id", message.token.encode())],
                        )
                        for message, value in zip(messages, values, strict=True)
                    )
            except (KafkaError, TimeoutError):
                await self._give_up(producer)
            else:
                return

    async def close(self) -> None:
        if self._producer is not None:
            await self._give_up(self._producer)

    async def _connected(self) -> Producer:
        """Return the shared producer, a new one if necessary; wait for the broker."""
        async with self._connecting:
            while self._producer is None:
                fresh = Producer(self._settings, client_id=f"partner-{next(self._numbers)}")
                try:
                    async with asyncio.timeout(UNACKNOWLEDGED_SECONDS):
                        await fresh.start()
                except (KafkaError, TimeoutError):
                    await fresh.stop()
                    await asyncio.sleep(PAUSE_SECONDS)
                else:
                    self._producer = fresh
            return self._producer

    async def _give_up(self, producer: Producer) -> None:
        """Close a producer, unless another sender already has."""
        if self._producer is producer:
            self._producer = None
            await producer.stop()
