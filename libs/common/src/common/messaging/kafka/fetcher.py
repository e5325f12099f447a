"""Makes an idle consumer wait long at the broker, and a busy one only briefly (docs/adr/0031).

The client has one fetch under way at a time, over the partitions whose records were all taken.
Records that arrive in another partition wait for that fetch to end, so a fetch that leaves a
partition out must be short. A fetch over all partitions may be long, since any record ends it.

The embedded broker never holds a fetch. So after an empty answer that comes early the client waits
here: briefly at first, longer with every further one, and no longer than the broker should have
held it. A producer of this process that publishes to the topic ends the wait.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher
from typing_extensions import override

from common.runtime import Backoff

BUSY_MS = 25
"""For a fetch that leaves out a partition whose records wait to be taken."""
PARTIAL_MS = 250
"""For a fetch that leaves out a partition that is paused, or has no position yet."""
IDLE_MS = 1_000

_EARLY = Backoff(0.005, most_seconds=IDLE_MS / 1000)

_fetchers: WeakSet["PatientFetcher"] = WeakSet()


def wait_long_when_idle() -> None:
    """Make every consumer of this process fetch through ``PatientFetcher``."""
    consumer.Fetcher = PatientFetcher


def published(topics: Iterable[str]) -> None:
    """End the waits of this event loop's consumers of these topics: there is something to fetch."""
    loop, topics = asyncio.get_running_loop(), set(topics)
    for fetcher in list(_fetchers):
        if fetcher.loop is loop and not topics.isdisjoint(fetcher.topics):
            fetcher.fetch_now()


class PatientFetcher(Fetcher):  # type: ignore[misc]  # the base has no types
    _fetch_max_wait_ms: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loop = asyncio.get_running_loop()
        self.topics: frozenset[str] = frozenset()
        self._calls = 0
        """How often ``fetch_now`` was called."""
        self._waits: set[asyncio.Event] = set()
        self._early_answers = 0
        self._fetched_at = time.monotonic()
        _fetchers.add(self)

    def seconds_without_fetch(self) -> float:
        """Return how long ago a fetch last ended, in whatever way: long ago when it is stuck."""
        return time.monotonic() - self._fetched_at

    def fetch_now(self) -> None:
        """End the wait after an early answer; a fetch under way is not followed by one either."""
        self._calls += 1
        self._early_answers = 0
        for wait in self._waits:
            wait.set()

    @override
    def _get_actions_per_node(self, assignment: Any) -> Any:
        self.topics = frozenset(tp.topic for tp in assignment.tps)
        longest = self._longest_wait_ms(assignment)
        if longest > self._fetch_max_wait_ms:
            self.fetch_now()  # The fetch that waits leaves out a partition that is ready now.
        self._fetch_max_wait_ms = longest
        return super()._get_actions_per_node(assignment)

    @override
    def seek_to(self, tp: Any, offset: int) -> None:
        super().seek_to(tp, offset)
        self.fetch_now()

    def _longest_wait_ms(self, assignment: Any) -> int:
        if self._records:
            return BUSY_MS
        states = map(assignment.state_value, assignment.tps)
        return IDLE_MS if all(s.has_valid_position and not s.paused for s in states) else PARTIAL_MS

    @override
    async def _proc_fetch_request(self, assignment: Any, node_id: Any, request: Any) -> bool:
        longest, calls, began = self._fetch_max_wait_ms / 1000, self._calls, time.monotonic()
        has_records: bool = await super()._proc_fetch_request(assignment, node_id, request)
        self._fetched_at = time.monotonic()
        left = longest - (self._fetched_at - began)
        if has_records or left <= 0:
            self._early_answers = 0
        elif calls == self._calls and not _is_cancelled():
            self._early_answers += 1
            await self._wait(min(left, _EARLY.seconds(self._early_answers)))
        return has_records

    async def _wait(self, seconds: float) -> None:
        """Wait, or less long after ``fetch_now``; like the base, end quietly when cancelled."""
        wait = asyncio.Event()
        self._waits.add(wait)
        try:
            async with asyncio.timeout(seconds):
                await wait.wait()
        except (TimeoutError, asyncio.CancelledError):
            return
        finally:
            self._waits.discard(wait)


def _is_cancelled() -> bool:
    """Return whether the running task was cancelled, which the base swallows."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
