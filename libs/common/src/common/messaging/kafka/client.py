"""Typed wrappers around aiokafka, with settings that do not lose data.

aiokafka's defaults would: they start at the latest offset, commit by themselves, and acknowledge
before replicas have a record. It also ships no types. So nothing of it leaves this room but
``KafkaError``, and two of its classes are replaced here (docs/adr/0031).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
)

from common.messaging.envelope import Record
from common.messaging.kafka.fetcher import wait_long_when_idle
from common.messaging.kafka.records import read_any_header_name
from common.runtime import within
from common.settings import KafkaSettings
from common.telemetry import describe, get_logger

__all__ = [
    "GroupReader",
    "KafkaError",
    "OffsetsLostError",
    "Outgoing",
    "Producer",
    "end_offsets",
    "ensure_topics",
]

_log = get_logger(__name__)

_STOP_SECONDS = 5.0
_ABANDON_SECONDS = 2.0


class OffsetsLostError(Exception):
    """The broker has deleted the next records: a gap that somebody must look at."""


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
            **_connection(settings),
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
        sent = [
            await self._client.send(
                r.topic, r.value, key=r.key, partition=r.partition, headers=list(r.headers)
            )
            for r in records
        ]
        await asyncio.gather(*sent)

    async def stop(self) -> None:
        """Close; a broker that is down delays this by little more than 5 s."""
        await _close(self._client.stop, self._abandon)

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


class GroupReader:
    """One member of a consumer group on one topic; it never commits by itself.

    The owner must ``seek`` each assigned partition, and drop what was polled before it did.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topic: str,
        on_assigned: Callable[[set[int]], Awaitable[None]],
        on_revoked: Callable[[set[int]], Awaitable[None]],
    ) -> None:
        read_any_header_name()
        wait_long_when_idle()
        self.topic = topic
        self._max_records = settings.max_poll_records
        self._listener = _Listener(on_assigned, on_revoked)
        self._ends: dict[int, int] = {}
        self._client = AIOKafkaConsumer(
            **_connection(settings),
            client_id=group,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=int(settings.session_timeout_seconds * 1000),
            heartbeat_interval_ms=3000,
            rebalance_timeout_ms=10_000,
            max_partition_fetch_bytes=4 * settings.max_request_bytes,
            metadata_max_age_ms=30_000,
        )

    async def start(self) -> None:
        await self._client.start()
        self._client.subscribe([self.topic], listener=self._listener)

    async def poll(self, wait_seconds: float, *partitions: int) -> dict[int, list[Record]]:
        """Return the records that arrive within ``wait_seconds``, by partition.

        ``partitions`` are those to poll, by default all. Raises OffsetsLostError when the next
        offset of a partition is outside the broker's range.
        """
        try:
            polled = await self._client.getmany(
                *(self._tp(p) for p in partitions),
                timeout_ms=int(wait_seconds * 1000),
                max_records=self._max_records,
            )
        except NoOffsetForPartitionError:
            # The client looked for a committed offset before the caller had sought its own.
            return {}
        except OffsetOutOfRangeError as error:
            raise OffsetsLostError(f"{self.topic}: {error}") from error
        return {tp.partition: [_record(r) for r in records] for tp, records in polled.items()}

    def assigned(self) -> set[int]:
        return {tp.partition for tp in self._client.assignment()}

    def seek(self, partition: int, offset: int) -> None:
        self._client.seek(self._tp(partition), offset)

    def pause(self, partition: int) -> None:
        self._client.pause(self._tp(partition))

    def resume(self, partition: int) -> None:
        self._client.resume(self._tp(partition))

    def lag(self, partition: int, position: int) -> int | None:
        """Return how many records are left to read, or None when that is unknown."""
        if partition not in self.assigned():
            return None
        known = self._client.highwater(self._tp(partition)), self._ends.get(partition)
        ends = [end for end in known if end is not None]
        return max(0, max(ends) - position) if ends else None

    async def first_offsets(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the earliest offset that the broker still has of each partition."""
        found = await self._client.beginning_offsets([self._tp(p) for p in partitions])
        return {tp.partition: offset for tp, offset in found.items()}

    async def report(self, offsets: Mapping[int, int]) -> None:
        """Report offsets to Kafka, for its lag monitoring only; refusals do not matter."""
        mine = {self._tp(p): o for p, o in offsets.items() if p in self.assigned()}
        if not mine:
            return
        try:
            await within(self._client.commit(mine), _STOP_SECONDS)
        except KafkaError:
            return

    async def look_ahead(self) -> bool:
        """Ask the broker for the ends of the partitions; return whether it answered.

        A stuck fetcher notices neither new records nor a broker that is down.
        """
        try:
            return await within(self._ask_for_ends(), _STOP_SECONDS)
        except KafkaError:
            return False

    async def _ask_for_ends(self) -> None:
        # All of the topic's, so that a member without partitions also gets an answer.
        partitions = self._client.partitions_for_topic(self.topic) or ()
        found = await self._client.end_offsets([self._tp(p) for p in partitions])
        self._ends = {tp.partition: offset for tp, offset in found.items()}

    async def stop(self) -> None:
        """Leave the group; a broker that is down delays this by little more than 5 s."""
        await _close(self._client.stop, self._abandon)

    async def _abandon(self) -> None:
        """Close what the client leaves open when its own stop is cancelled: fetcher and sockets."""
        fetcher, sockets = self._client._fetcher, self._client._client  # noqa: SLF001 - see above
        await sockets.close()
        if fetcher is not None:
            await asyncio.gather(fetcher.close(), return_exceptions=True)

    def _tp(self, partition: int) -> Any:
        return TopicPartition(self.topic, partition)


async def _close(
    stop: Callable[[], Awaitable[None]], abandon: Callable[[], Awaitable[None]]
) -> None:
    """Close a client, by force if need be; its owner goes on without it either way."""
    for attempt, seconds in ((stop, _STOP_SECONDS), (abandon, _ABANDON_SECONDS)):
        try:
            if await within(attempt(), seconds):
                return
        except Exception as error:  # noqa: BLE001 - the client passes on whatever its transport raises
            _log.warning("kafka.client_not_closed", error=describe(error))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the base has no types
    def __init__(
        self,
        on_assigned: Callable[[set[int]], Awaitable[None]],
        on_revoked: Callable[[set[int]], Awaitable[None]],
    ) -> None:
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        await self._on_assigned({tp.partition for tp in assigned})

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        await self._on_revoked({tp.partition for tp in revoked})


async def ensure_topics(settings: KafkaSettings, topics: Iterable[str]) -> None:
    """Create the topics that do not exist yet; the others stay as they are."""
    admin = AIOKafkaAdminClient(**_connection(settings))
    await admin.start()
    try:
        present = set(await admin.list_topics())
        for topic in sorted(set(topics) - present):
            new = NewTopic(
                topic,
                settings.partitions,
                settings.replication_factor,
                topic_configs={"retention.ms": str(settings.retention_hours * 3_600_000)},
            )
            try:
                response = await admin.create_topics([new])
                _raise_unless_created(response)
            except TopicAlreadyExistsError:
                continue
    finally:
        await admin.close()


async def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Return the offset after the last record of each partition of a topic."""
    # A client made without a topic may not know its partitions, and does not say so.
    client = AIOKafkaConsumer(topic, **_connection(settings))
    await client.start()
    try:
        found = await client.end_offsets(client.assignment())
    finally:
        await client.stop()
    return {tp.partition: offset for tp, offset in found.items()}


def _raise_unless_created(response: Any) -> None:
    already = TopicAlreadyExistsError.errno
    for topic, code, *_ in response.topic_errors:
        if code not in {0, already}:
            raise KafkaError(f"topic {topic} was not created: error code {code}")


def _connection(settings: KafkaSettings) -> dict[str, Any]:
    password = settings.sasl_password
    return {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
        "ssl_context": (
            ssl.create_default_context(cafile=settings.ssl_cafile)
            if settings.security_protocol.endswith("SSL")
            else None
        ),
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


def _record(raw: Any) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers)
