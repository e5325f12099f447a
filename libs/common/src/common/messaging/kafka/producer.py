"""An idempotent producer."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, OffsetResetStrategy
from aiokafka.errors import KafkaError
from aiokafka.protocol.offset import OffsetRequest

from common.jsons import dumps
from common.messaging.kafka.connection import close_client, connection_settings
from common.messaging.kafka.fetcher import published
from common.settings import KafkaSettings

NO_LEADER = -1


@dataclass(frozen=True, slots=True)
class Outgoing:
    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]

    @classmethod
    def of_json(cls, topic: str, key: str, body: Mapping[str, Any]) -> "Outgoing":
        """Return a record with a JSON body, for the only partition of its topic."""
        headers = [("content-type", b"application/json")]
        return cls(topic, 0, key.encode(), dumps(body), headers)


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

    async def end_offsets(self, topic: str, partitions: Collection[int]) -> dict[int, int]:
        """Return the offset after the last acknowledged record of each partition of a topic.

        Partitions whose leader does not answer for them at the moment are left out.
        """
        client, by_leader = self._client.client, defaultdict(list)
        for partition in partitions:
            leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
            if leader is not None and leader != NO_LEADER:
                by_leader[leader].append((partition, OffsetResetStrategy.LATEST))
        ends: dict[int, int] = {}
        for leader, wanted in by_leader.items():
            request = OffsetRequest(-1, READ_UNCOMMITTED, [(topic, wanted)])
            response = await client.send(leader, request)
            for _, answers in response.topics:
                ends |= {number: end for number, code, _, end in answers if code == 0}
        if len(ends) < len(partitions):
            client.force_metadata_update()
        return ends

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
