"""The system is idle, and no session holds a transaction or a lock that others need."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

import psutil

from common.messaging import end_offsets
from common.settings import KafkaSettings
from devstack.testing.wait import until
from tests.drills.invariants.evidence import Sources

WITHIN_SECONDS = 60.0

_WAITING = {
    "identity": {
        "unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
        "incomplete erasures": "SELECT count(*) FROM erasure WHERE completed_at IS NULL",
    },
    "interactions": {
        "unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
        "unprocessed deliveries": "SELECT count(*) FROM raw_delivery WHERE state = 'received'",
        "interactions without their customer": "SELECT count(*) FROM unresolved",
    },
    "sla": {
        "unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
        # A clock that fires during the check would look like a difference.
        "clocks about to fire": """
            SELECT count(*) FROM clock
            WHERE next_fire_at < clock_timestamp() + interval '10 s' OR confirm_at IS NOT NULL
        """,
    },
}
_PROGRESS = "SELECT consumer, topic, partition, next_offset FROM consumer_progress"
_IDLE = """
    SELECT pid, extract(epoch FROM clock_timestamp() - state_change)::float AS seconds
    FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%'
      AND state_change < clock_timestamp() - interval '1 s'
"""
_LOCKS = """
    SELECT a.client_port, l.objid::int AS shard
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND a.datname = current_database() AND l.granted
      AND l.objsubid = 2
"""


async def wait_until_idle(sources: Sources, *, within: float = WITHIN_SECONDS) -> None:
    """Wait until no work is left; raises AssertionError that names the remaining work."""
    waiting = _Waiting(sources)
    try:
        await until(waiting.is_over, within, every=0.2)
    except AssertionError:
        left = ", ".join(waiting.left)
        raise AssertionError(f"after {within} s there is still work: {left}") from None


class _Waiting:
    """The work that is left."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._calm = False
        self.left: list[str] = []

    async def is_over(self) -> bool:
        """Return whether two looks in a row found no work, as work may move between two looks."""
        self.left = [f"{n} {what}" for what, n in (await self._counts()).items() if n]
        if not self.left:
            self.left = [lag async for lag in self._lags()]
        before, self._calm = self._calm, not self.left
        return before and self._calm

    async def _counts(self) -> dict[str, int]:
        return {
            f"{what} in {service}": await self._sources.connections[service].fetchval(query)
            for service, queries in _WAITING.items()
            for what, query in queries.items()
        }

    async def _lags(self) -> AsyncIterator[str]:
        """Yield the consumers that have not reached the ends that their topics have now.

        Ends of an earlier look would miss the events of input that was consumed in between.
        """
        settings = KafkaSettings(bootstrap=self._sources.bootstrap)
        ends: dict[str, dict[int, int]] = {}
        for service, connection in self._sources.connections.items():
            for consumer, topic, partition, offset in await connection.fetch(_PROGRESS):
                if topic not in ends:
                    ends[topic] = await end_offsets(settings, topic)
                if (lag := ends[topic][partition] - offset) > 0:
                    yield f"{lag} records of {topic} before {consumer} in {service}"


async def wait_until_sessions_are_free(
    sources: Sources, processes: Collection[int], *, within: float = 10.0
) -> None:
    """Wait until no session holds others up; a busy machine may delay a process for a while."""
    sessions: list[str] = []

    async def is_free() -> bool:
        sessions[:] = await find_idle_and_orphaned_sessions(sources, processes)
        return not sessions

    try:
        await until(is_free, within, every=0.5)
    except AssertionError:
        raise AssertionError("\n".join(sessions)) from None


async def find_idle_and_orphaned_sessions(
    sources: Sources, processes: Collection[int]
) -> list[str]:
    """Describe the sessions that idle in a transaction, or hold a shard without a process.

    ``processes`` are those of the fleet: a lock whose connection ends in none of them is lost.
    """
    ports = _local_ports(processes)
    sessions: list[str] = []
    for service, connection in sources.connections.items():
        sessions += [
            f"a session of {service} has been idle in its transaction for {row['seconds']:.1f} s"
            for row in await connection.fetch(_IDLE)
        ]
        sessions += _orphans(service, await connection.fetch(_LOCKS), ports)
    return sessions


def _orphans(service: str, locks: Iterable[Any], ports: set[int]) -> Iterator[str]:
    for row in locks:
        if row["client_port"] not in ports:
            yield f"shard {row['shard']} of {service} is locked by a session without a process"


def _local_ports(processes: Collection[int]) -> set[int]:
    ports: set[int] = set()
    for pid in processes:
        with suppress(psutil.NoSuchProcess):
            ports |= {c.laddr.port for c in psutil.Process(pid).net_connections(kind="tcp")}
    return ports
