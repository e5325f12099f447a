"""Nothing waits any more, and nobody holds what others need."""

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
    "identity": {"unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL"},
    "interactions": {
        "unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
        "unprocessed deliveries": "SELECT count(*) FROM raw_delivery WHERE state = 'received'",
        "interactions without their customer": "SELECT count(*) FROM unresolved",
    },
    "sla": {
        "unpublished events": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
        # Those that will be declared while we look would look like a difference.
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


async def settled(sources: Sources, *, within: float = WITHIN_SECONDS) -> None:
    """Wait until nothing waits any more, without a hand on any process; say what still does."""
    waiting = _Waiting(sources)
    try:
        await until(waiting.is_over, within, every=0.2)
    except AssertionError:
        left = ", ".join(waiting.left)
        raise AssertionError(f"after {within} s there are still {left}") from None


class _Waiting:
    """Heartbeats never stop, so consumers have caught up when they are where topics once ended."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._ends: dict[str, dict[int, int]] = {}
        self._calm = False
        self.left: list[str] = []

    async def is_over(self) -> bool:
        """Two looks in a row must find nothing: what one had in hand, the next may have got."""
        self.left = [f"{n} {what}" for what, n in (await self._counts()).items() if n]
        if self.left:
            self._ends.clear()
        else:
            self.left = [found async for found in self._lags()]
        before, self._calm = self._calm, not self.left
        return before and self._calm

    async def _counts(self) -> dict[str, int]:
        return {
            f"{what} in {service}": await self._sources.connections[service].fetchval(query)
            for service, queries in _WAITING.items()
            for what, query in queries.items()
        }

    async def _lags(self) -> AsyncIterator[str]:
        settings = KafkaSettings(bootstrap=self._sources.bootstrap)
        for service, connection in self._sources.connections.items():
            for consumer, topic, partition, offset in await connection.fetch(_PROGRESS):
                if topic not in self._ends:
                    self._ends[topic] = await end_offsets(settings, topic)
                if (lag := self._ends[topic][partition] - offset) > 0:
                    yield f"{lag} records of {topic} before {consumer} in {service}"


async def everything_is_free(
    sources: Sources, processes: Collection[int], *, within: float = 10.0
) -> None:
    """Wait until nobody holds what others need: a busy machine may keep a process from going on."""
    held: list[str] = []

    async def is_free() -> bool:
        held[:] = await nobody_holds_what_others_need(sources, processes)
        return not held

    try:
        await until(is_free, within, every=0.5)
    except AssertionError:
        raise AssertionError("\n".join(held)) from None


async def nobody_holds_what_others_need(sources: Sources, processes: Collection[int]) -> list[str]:
    """Say whose transaction is idle, and which shard is held by a session that nobody has.

    ``processes`` are those of the fleet: a lock that none of them has the other end of is lost.
    """
    ours = _local_ports(processes)
    found: list[str] = []
    for service, connection in sources.connections.items():
        found += [
            f"a session of {service} is idle in its transaction for {row['seconds']:.1f} s"
            for row in await connection.fetch(_IDLE)
        ]
        found += _orphans(service, await connection.fetch(_LOCKS), ours)
    return found


def _orphans(service: str, locks: Iterable[Any], ours: set[int]) -> Iterator[str]:
    for row in locks:
        if row["client_port"] not in ours:
            yield f"shard {row['shard']} of {service} is locked by a session that nobody has"


def _local_ports(processes: Collection[int]) -> set[int]:
    found: set[int] = set()
    for pid in processes:
        with suppress(psutil.NoSuchProcess):
            found |= {c.laddr.port for c in psutil.Process(pid).net_connections(kind="tcp")}
    return found
