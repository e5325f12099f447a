"""Wakes loops that wait for a committed change, in this process and in others.

Processes hear of each other's commits by ``NOTIFY``. It is sent after the commit, in a transaction
of its own: inside the committing one it would make all commits wait for each other. A signal may be
lost when its process dies at that moment, so what waits must also look by itself now and then.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.connections import Transaction, driver_of

PAUSE_SECONDS = 0.5
"""How long a process leaves out further announcements of a signal. Who is woken stays attentive for
twice as long."""


class Signals:
    """What waits for signals in this process, and what was announced to others."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._waiting: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._announced_at: dict[str, float] = {}
        self._monotonic = monotonic

    def wait(self, name: str, callback: Callable[[], None]) -> None:
        """Call ``callback`` after every commit of this process that gives the signal."""
        self._waiting[name].append(callback)

    def give(self, names: Iterable[str]) -> list[str]:
        """Wake what waits here; return the names to be announced to other processes now."""
        now, due = self._monotonic(), []
        for name in names:
            for callback in self._waiting[name]:
                callback()
            if now - self._announced_at.get(name, -PAUSE_SECONDS) >= PAUSE_SECONDS:
                self._announced_at[name] = now
                due.append(name)
        return due


async def announce(tx: Transaction, names: Iterable[str]) -> None:
    """Send the signals to the other processes that are connected to this database."""
    await tx.execute(
        text("SELECT pg_notify(channel, '') FROM unnest(cast(:channels AS text[])) AS c (channel)"),
        {"channels": [_channel(name) for name in names]},
    )


async def listen(connection: AsyncConnection, name: str, callback: Callable[[], None]) -> None:
    """Call ``callback`` at every signal from any process, as long as ``connection`` is open."""
    driver = await driver_of(connection)
    await driver.add_listener(_channel(name), lambda *_: callback())


def _channel(name: str) -> str:
    return f"threadline_{name}"
