"""The steps that drills share: a process dies, and afterwards every invariant must hold."""

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
from tests.drills.callers.ledger import Ledger
from tests.drills.callers.messages import COUNTER, DESK, Json, Message, Way
from tests.drills.callers.speakers import Speaker
from tests.drills.faults.points import Point
from tests.drills.invariants.checks import report, violations
from tests.drills.invariants.evidence import Evidence, Sources, open_sources
from tests.drills.invariants.quiescence import wait_until_idle, wait_until_sessions_are_free

Act = Callable[[], Awaitable[Any]]

RESPONSE_SECONDS = {DESK: 2, COUNTER: 8}
"""The target of first and of next responses by channel."""


def publish_policies(fleet: Fleet) -> None:
    """Publish policies for both tenants that promise answers within seconds."""
    for key in (fleet.credentials.api_key, fleet.credentials.other_tenant_api_key):
        for position, (channel, seconds) in enumerate(RESPONSE_SECONDS.items(), start=1):
            answer = httpx.post(
                f"{fleet.url('sla api')}/v1/sla/policies",
                json=_policy(channel, seconds, position),
                headers={"authorization": f"Bearer {key}"},
                trust_env=False,
            )
            assert answer.is_success, answer.text


def _policy(channel: str, seconds: int, position: int) -> Json:
    return {
        "name": f"answers at the {channel}",
        "position": position,
        "conditions": {"all": [{"field": "channel", "op": "in", "value": [channel]}]},
        "targets": [
            {"metric": metric, "priority": None, "seconds": seconds, "calendar_id": None,
             "warn_at": ["50%"]}
            for metric in ("first_response", "next_response")
        ],
    }  # fmt: skip


@dataclass(frozen=True)
class Drill:
    """The fleet, its speaker, its ledger, and the faults of its servers."""

    fleet: Fleet
    ledger: Ledger
    speaker: Speaker
    kafka: Faults
    postgres: Faults

    def action(self, way: Way, *messages: Message) -> Act:
        """Return an action that sends messages until they are acknowledged."""
        return partial(self.speaker.say, way, *messages)

    async def strike(self, name: str, *blows: tuple[Point, Act]) -> list[Any]:
        """Kill a process at one point after another; an action leads it to each point.

        The process is restarted after each, as by a supervisor. Returns the actions' results.
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
        """Restart a process so that it dies at a point."""
        self.fleet.stop(name)
        await self.start(name, point)

    async def start(self, name: str, point: Point) -> None:
        self.fleet.launch(name, through=point.words())
        await self.fleet.wait_ready(name)

    async def await_death(self, name: str) -> None:
        """Wait until a process has died at its point, then restart it as a supervisor would."""
        assert await self.fleet.wait_for_exit(name) == KILLED
        self.fleet.launch(name)

    async def execute(self, service: str, statement: str, *values: object) -> list[Any]:
        """Run a statement on a service's database, as an operator might; return its rows."""
        connection = await asyncpg.connect(self.fleet.dsns[service])
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def check_invariants(self) -> Evidence:
        """Wait until the system is idle, then check every invariant."""
        await self.fleet.wait_ready(*self.fleet.processes)
        async with open_sources(self.fleet.dsns, self.fleet.bootstrap) as sources:
            return await check_invariants(sources, self.fleet, self.ledger)


async def check_invariants(sources: Sources, fleet: Fleet, ledger: Ledger) -> Evidence:
    """Wait until the system is idle, then check every invariant."""
    await wait_until_idle(sources)
    processes = [process.pid for process in fleet.processes.values()]
    await wait_until_sessions_are_free(sources, processes)
    evidence = await sources.gather(ledger.entries())
    broken = violations(evidence)
    assert not broken, report(broken)
    return evidence
