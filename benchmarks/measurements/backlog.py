"""A backlog on a topic, written while its consumer is suspended and then timed until drained."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import psutil

from benchmarks.machine.limits import Limit
from benchmarks.machine.meters import Cpu, Meter
from benchmarks.machine.patience import Patience
from benchmarks.output.marks import Mark
from benchmarks.output.table import Row
from benchmarks.site import Site
from common.messaging import GroupReader, Outgoing, Producer, key_hash
from common.settings import KafkaSettings

SENT_AT_ONCE = 2_000
_LOOK_SECONDS = 0.02
_CONSUMED = """
SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_progress WHERE consumer = $1
"""


class Message(NamedTuple):
    """A record's value, with the key that keeps the messages of one contact in order."""

    key: str
    value: bytes


@dataclass(frozen=True)
class Drained:
    """How long ``count`` records took, and how much processor time."""

    count: int
    seconds: float
    cpu: Cpu

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def row(self, what: str, limits: Mapping[str, Limit], marks: Sequence[Mark] = ()) -> Row:
        each = 1000 / self.count
        return Row(
            what,
            self.per_second,
            limits,
            ours_ms=self.cpu.server * each,
            postgres_ms=self.cpu.postgres * each,
            marks=marks,
        )


@dataclass
class Stream:
    """A fresh topic, its consumer, and the meter of the processes that handle its records."""

    site: Site
    service: str
    consumer: str
    topic: str
    process: str
    meter: Meter
    sent: int = 0

    def drain(self, records: Sequence[Message]) -> Drained:
        """Send records while the process is suspended; return how fast it drained them."""
        return asyncio.run(self._drain(records))

    async def _drain(self, records: Sequence[Message]) -> Drained:
        connection = await asyncpg.connect(self.site.dsn(self.service))
        try:
            with _suspended(self.site.fleet.processes[self.process].pid):
                await self._send(records)
                began, before = time.perf_counter(), self.meter.read()
            patience = Patience(f"consumed of {self.topic}")
            while (consumed := await connection.fetchval(_CONSUMED, self.consumer)) < self.sent:
                patience.see(consumed)
                await asyncio.sleep(_LOOK_SECONDS)
            took, cpu = time.perf_counter() - began, self.meter.read() - before
        finally:
            await connection.close()
        return Drained(len(records), took, cpu)

    async def read_only(self) -> Limit:
        """Return how fast our own reader polls the topic's records without handling them."""
        async with open_reader(self.site.bootstrap, self.topic) as reader:
            for partition in reader.assigned():
                reader.seek(partition, 0)
            began, seen = time.perf_counter(), 0
            patience = Patience(f"read of {self.topic}")
            while seen < self.sent:
                patience.see(seen)
                seen += sum(len(records) for records in (await reader.poll(1.0)).values())
            return Limit(seen / (time.perf_counter() - began))

    async def _send(self, records: Sequence[Message]) -> None:
        producer = Producer(KafkaSettings(bootstrap=self.site.bootstrap), client_id="bench")
        await producer.start()
        try:
            partitions = await producer.partitions(self.topic)
            for start in range(0, len(records), SENT_AT_ONCE):
                await producer.send_all(
                    Outgoing(self.topic, key_hash(key) % partitions, key.encode(), value, ())
                    for key, value in records[start : start + SENT_AT_ONCE]
                )
        finally:
            await producer.stop()
        self.sent += len(records)


@asynccontextmanager
async def open_reader(bootstrap: str, topic: str) -> AsyncIterator[GroupReader]:
    """Yield a reader of the records that are written to the topic from now on."""

    async def from_the_end(partitions: set[int]) -> None:
        await reader.look_ahead()
        for partition in partitions:
            reader.seek(partition, reader.lag(partition, 0) or 0)

    async def nothing(_: set[int]) -> None:
        return

    reader = GroupReader(
        KafkaSettings(bootstrap=bootstrap),
        group=f"bench-{uuid4()}",
        topic=topic,
        on_assigned=from_the_end,
        on_revoked=nothing,
    )
    await reader.start()
    try:
        while not reader.assigned():
            await reader.poll(0.1)
        yield reader
    finally:
        await reader.stop()


@contextmanager
def _suspended(pid: int) -> Iterator[None]:
    """Suspend a process during the block, so that it resumes with a full backlog."""
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()
