"""A service as a value: what ``wiring.build`` returns. Each process runs some of its components."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from common.db import Database, DatabaseClock
from common.errors import UnavailableError
from common.messaging import Stream
from common.runtime import Component, tasks
from common.service.readings import Readings
from common.settings import ServiceSettings
from common.web import AppState


@dataclass
class Service:
    """One service, built but not running yet.

    ``components`` are named by kind: ``relay``, ``maintenance``, ``consumer:<stream>``,
    ``timer:<name>``, ``feed:<name>``; feeds run beside the API. ``topics`` are all it writes to or
    reads from. ``closing`` is what ``close`` calls before it closes the database.
    """

    name: str
    settings: ServiceSettings
    database: Database
    clock: DatabaseClock
    api: FastAPI
    migrations: Path
    topics: Sequence[str]
    readings: Readings
    components: Mapping[str, Component] = field(default_factory=dict)
    streams: Mapping[str, Stream] = field(default_factory=dict)
    closing: Sequence[Callable[[], Awaitable[None]]] = ()

    async def open(self) -> None:
        """Read the database's clock, if the database is up; the components wait for it if not."""
        try:
            await self.clock.synchronise()
        except UnavailableError:
            return

    def end_streams(self) -> None:
        """End the live streams, so that the server can stop."""
        state: AppState = self.api.state.threadline
        state.streams.close()

    async def close(self) -> None:
        """Wait for background tasks to end, then close what they use."""
        for close in self.closing:
            await close()
        await tasks.drain(within_seconds=2.0)
        await self.database.close()

    def parts(self, *kinds: str) -> list[Component]:
        """Return the components of these kinds, such as ``consumer``, and the clock they need."""
        chosen = [c for name, c in self.components.items() if name.split(":")[0] in kinds]
        return [self.clock, *chosen]
