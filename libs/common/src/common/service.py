"""A service as a value: what ``wiring.build`` returns, of which each process runs some parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from common import tasks
from common.clock import DatabaseClock
from common.database import Database
from common.dispatch import Stream
from common.errors import UnavailableError
from common.http.state import AppState
from common.processes import Component
from common.settings import ServiceSettings


@dataclass
class Service:
    """One service, built and not yet running.

    ``components`` are named by kind: ``relay``, ``maintenance``, ``consumer:<stream>``,
    ``timer:<name>``. ``topics`` are all it writes to or reads from.
    """

    name: str
    settings: ServiceSettings
    database: Database
    clock: DatabaseClock
    api: FastAPI
    migrations: Path
    topics: Sequence[str]
    components: Mapping[str, Component] = field(default_factory=dict)
    streams: Mapping[str, Stream] = field(default_factory=dict)

    async def open(self) -> None:
        """Read the database's clock; a database that is away is waited for by whoever needs it."""
        try:
            await self.clock.synchronise()
        except UnavailableError:
            return

    def end_streams(self) -> None:
        """Tell the live streams to end, so that a server which is told to stop can."""
        state: AppState = self.api.state.threadline
        state.streams.close()

    async def close(self) -> None:
        """Let small work in the background end, then close what it uses."""
        await tasks.drain(within_seconds=2.0)
        await self.database.close()

    def parts(self, *kinds: str) -> list[Component]:
        """Return the components of these kinds, such as ``consumer``, and the clock they need."""
        chosen = [c for name, c in self.components.items() if name.split(":")[0] in kinds]
        return [self.clock, *chosen]
