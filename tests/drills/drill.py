"""What drills have in common: something dies, and afterwards all is as it must be."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import httpx

from devstack.fleet.faults import Faults
from devstack.fleet.fleet import Fleet
from devstack.fleet.processes import KILLED
from tests.drills.invariants.checks import report, violations
from tests.drills.invariants.evidence import Evidence, Sources, looking
from tests.drills.invariants.quiescence import everything_is_free, settled
from tests.drills.ledger import Ledger
from tests.drills.messages import DESK, Message, Way
from tests.drills.points import Point
from tests.drills.speakers import Speaker

Act = Callable[[], Awaitable[Any]]

FIRST_RESPONSE_SECONDS = 2
NEXT_RESPONSE_SECONDS = 2


def promise(fleet: Fleet) -> None:
    """Let both tenants promise answers at the desk within seconds."""
    body = {
        "name": "answers at the desk",
        "position": 1,
        "conditions": {"all": [{"field": "channel", "op": "in", "value": [DESK]}]},
        "targets": [
            {"metric": metric, "priority": None, "seconds": seconds, "calendar_id": None,
             "warn_at": ["50%"]}
            for metric, seconds in (
                ("first_response", FIRST_RESPONSE_SECONDS),
                ("next_response", NEXT_RESPONSE_SECONDS),
            )
        ],
    }  # fmt: skip
    for key in (fleet.credentials.api_key, fleet.credentials.other_tenant_api_key):
        answer = httpx.post(
            f"{fleet.url('sla api')}/v1/sla/policies",
            json=body,
            headers={"authorization": f"Bearer {key}"},
            trust_env=False,
        )
        assert answer.is_success, answer.text


@dataclass(frozen=True)
class Drill:
    """The fleet, who speaks to it, and what it was told."""

    fleet: Fleet
    ledger: Ledger
    speaker: Speaker
    kafka: Faults
    postgres: Faults

    def saying(self, way: Way, *messages: Message) -> Act:
        """Return the act of saying messages until they are acknowledged."""
        return partial(self.speaker.say, way, *messages)

    async def strike(self, name: str, *blows: tuple[Point, Act]) -> list[Any]:
        """Let a process die at one point after the other; an act brings it there each time.

        It is started again each time as a supervisor would. Returns what the acts gave.
        """
        self.fleet.stop(name)
        acting: list[asyncio.Task[Any]] = []
        for point, act in blows:
            await self.start(name, point)
            acting.append(asyncio.ensure_future(act()))
            assert await self.fleet.wait_for_exit(name) == KILLED
        self.fleet.launch(name)
        return await asyncio.gather(*acting)

    async def replace(self, name: str, point: Point) -> None:
        """Put a process in the place of the one of that name, which will be struck at a point."""
        self.fleet.stop(name)
        await self.start(name, point)

    async def start(self, name: str, point: Point) -> None:
        self.fleet.launch(name, through=point.words())
        await self.fleet.wait_ready(name)

    async def dies(self, name: str) -> None:
        """Wait until a process has died at its point, and start it again as a supervisor would."""
        assert await self.fleet.wait_for_exit(name) == KILLED
        self.fleet.launch(name)

    async def execute(self, service: str, statement: str, *values: object) -> list[Any]:
        """Run a statement on a service's database, as an operator might; return its rows."""
        connection = await asyncpg.connect(self.fleet.dsns[service])
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def all_is_well(self) -> Evidence:
        """Wait until nothing waits any more; then every invariant must hold."""
        await self.fleet.wait_ready(*self.fleet.processes)
        async with looking(self.fleet.dsns, self.fleet.bootstrap) as sources:
            return await all_is_well(sources, self.fleet, self.ledger)


async def all_is_well(sources: Sources, fleet: Fleet, ledger: Ledger) -> Evidence:
    """Wait until nothing waits any more; then every invariant must hold."""
    await settled(sources)
    processes = [process.pid for process in fleet.processes.values()]
    await everything_is_free(sources, processes)
    evidence = await sources.gather(ledger.entries())
    found = violations(evidence)
    assert not found, report(found)
    return evidence
