"""One member of a consumer group, which reads a topic and never commits by itself."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from common.messaging.envelope import Record
from common.messaging.kafka import connection
from common.messaging.kafka.base_reader import BaseReader, record_of
from common.runtime import within
from common.settings import KafkaSettings


class OffsetsLostError(Exception):
    """The broker has deleted the next records: a gap that somebody must look at."""


class GroupReader(BaseReader):
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
        super().__init__(
            settings,
            client_id=group,
            group_id=group,
            auto_offset_reset="none",
            session_timeout_ms=int(settings.session_timeout_seconds * 1000),
            heartbeat_interval_ms=3000,
            rebalance_timeout_ms=10_000,
            max_partition_fetch_bytes=4 * settings.max_request_bytes,
        )
        self.topic = topic
        self._listener = _Listener(on_assigned, on_revoked)
        self._ends: dict[int, int] = {}

    async def start(self) -> None:
        await self._client.start()
        self._client.subscribe([self.topic], listener=self._listener)

    async def poll(
        self, wait_seconds: float, *partitions: int, most: int | None = None
    ) -> dict[int, list[Record]]:
        """Return the records that arrive within ``wait_seconds``, by partition, ``most`` in all.

        ``partitions`` are those to poll, by default all. Raises OffsetsLostError when the next
        offset of a partition is outside the broker's range.
        """
        try:
            polled = await self._client.getmany(
                *(self._tp(p) for p in partitions),
                timeout_ms=int(wait_seconds * 1000),
                max_records=most or self._max_records,
            )
        except NoOffsetForPartitionError:
            # The client looked for a committed offset before the caller had sought its own.
            return {}
        except OffsetOutOfRangeError as error:
            raise OffsetsLostError(f"{self.topic}: {error}") from error
        return {tp.partition: [record_of(r) for r in records] for tp, records in polled.items()}

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
        candidates = self._client.highwater(self._tp(partition)), self._ends.get(partition)
        ends = [end for end in candidates if end is not None]
        return max(0, max(ends) - position) if ends else None

    async def first_offsets(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return the earliest offset that the broker still has of each partition."""
        offsets = await self._client.beginning_offsets([self._tp(p) for p in partitions])
        return {tp.partition: offset for tp, offset in offsets.items()}

    async def report(self, offsets: Mapping[int, int]) -> None:
        """Report offsets to Kafka, for its lag monitoring only; refusals do not matter."""
        mine = {self._tp(p): o for p, o in offsets.items() if p in self.assigned()}
        if not mine:
            return
        try:
            await within(self._client.commit(mine), connection.STOP_SECONDS)
        except KafkaError:
            return

    async def look_ahead(self) -> bool:
        """Ask the broker for the ends of the partitions; return whether it answered.

        A stuck fetcher notices neither new records nor a broker that is down.
        """
        try:
            return await within(self._ask_for_ends(), connection.STOP_SECONDS)
        except KafkaError:
            return False

    async def _ask_for_ends(self) -> None:
        # All of the topic's, so that a member without partitions also gets an answer.
        partitions = self._client.partitions_for_topic(self.topic) or ()
        ends = await self._client.end_offsets([self._tp(p) for p in partitions])
        self._ends = {tp.partition: offset for tp, offset in ends.items()}

    def _tp(self, partition: int) -> Any:
        return TopicPartition(self.topic, partition)


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
