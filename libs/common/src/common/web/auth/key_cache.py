"""A few seconds' memory of API keys, so that a call costs no query. Bounded; one query per key.

A revoked key works for at most ``POSITIVE_SECONDS`` more. While the database cannot be asked, a key
that was good goes on for ``GRACE_SECONDS``: reads that can answer without it then still can.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from cachetools import FIFOCache

from common.errors import UnavailableError
from common.web.auth.api_keys import KeyRow

POSITIVE_SECONDS = 5.0
NEGATIVE_SECONDS = 1.0
GRACE_SECONDS = 60.0
MAX_ENTRIES = 10_000

Load = Callable[[str], Awaitable[KeyRow | None]]


@dataclass(frozen=True, slots=True)
class _Entry:
    row: KeyRow | None
    loaded_at: float


class KeyCache:
    """Rows by key id. What is cached is the row: the secret is compared on every call."""

    def __init__(self, load: Load, *, time: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._time = time
        self._known: FIFOCache[str, _Entry] = FIFOCache(MAX_ENTRIES)
        self._unknown: FIFOCache[str, _Entry] = FIFOCache(MAX_ENTRIES)
        self._used: FIFOCache[str, date] = FIFOCache(MAX_ENTRIES)
        self._loading: dict[str, asyncio.Task[KeyRow | None]] = {}

    def peek(self, key_id: str) -> KeyRow | None:
        """Return the row if it is fresh in memory; never asks the database."""
        entry = self._known.get(key_id)
        fresh = entry is not None and self._time() - entry.loaded_at < POSITIVE_SECONDS
        return entry.row if fresh and entry is not None else None

    def last_known(self, key_id: str) -> KeyRow | None:
        """Return the row as it was read last, however long ago."""
        entry = self._known.get(key_id)
        return entry.row if entry is not None else None

    def first_use(self, key_id: str, day: date) -> bool:
        """Return whether this process has not yet noted that ``key_id`` was used on ``day``."""
        if self._used.get(key_id) == day:
            return False
        self._used[key_id] = day
        return True

    async def get(self, key_id: str) -> KeyRow | None:
        """Return the row, or None for an unknown key. Raises UnavailableError past the grace."""
        found = self.peek(key_id)
        if found is not None:
            return found
        missing = self._unknown.get(key_id)
        if missing is not None and self._time() - missing.loaded_at < NEGATIVE_SECONDS:
            return None
        try:
            return await self._load_once(key_id)
        except UnavailableError:
            stale = self._known.get(key_id)
            if stale is not None and self._time() - stale.loaded_at < GRACE_SECONDS:
                return stale.row
            raise

    async def _load_once(self, key_id: str) -> KeyRow | None:
        task = self._loading.get(key_id)
        if task is None:
            task = asyncio.ensure_future(self._fill(key_id))
            self._loading[key_id] = task
            task.add_done_callback(lambda done: self._loaded(key_id, done))
        return await asyncio.shield(task)

    async def _fill(self, key_id: str) -> KeyRow | None:
        asked_at = self._time()
        row = await self._load(key_id)
        into = self._known if row is not None else self._unknown
        into[key_id] = _Entry(row, asked_at)
        if row is None:
            self._known.pop(key_id, None)
        return row

    def _loaded(self, key_id: str, task: asyncio.Task[KeyRow | None]) -> None:
        self._loading.pop(key_id, None)
        if not task.cancelled():
            task.exception()  # Whoever waited has it; nobody waiting is no reason for a warning.
