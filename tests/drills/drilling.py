"""What drills have in common: something dies, and afterwards all is as it must be."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.drills.invariants.checking import report, violations
from tests.drills.invariants.evidence import Evidence, Sources, looking
from tests.drills.invariants.settled import nobody_holds_what_others_need, settled
from tests.drills.ledger import Ledger
from tests.drills.points import Point
from tests.drills.speaking import DESK, Message, Speaker
from tests.support.faults import Faults
from tests.support.fleet import KILLED, Fleet

FIRST_RESPONSE_SECONDS = 2
NEXT_RESPONSE_SECONDS = 2
TENANTS = ("demo", "other")


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


def a_message(tenant: str = "demo", **more: Any) -> Message:
    """Return a message of somebody who was never heard of."""
    drawn = uuid4().int
    return Message(f"drill-{drawn:x}", tenant, phone=f"+4420{drawn % 10**8:08d}", **more)


@dataclass(frozen=True)
class Drill:
    """The fleet, who speaks to it, and what it was told."""

    fleet: Fleet
    ledger: Ledger
    speaker: Speaker
    kafka: Faults
    postgres: Faults

    async def replace(self, name: str, point: Point) -> None:
        """Put a process in the place of the one of that name that will die at a point."""
        self.fleet.stop(name)
        self.fleet.launch(name, through=point.words())
        await self.fleet.ready(name)

    async def dies(self, name: str) -> None:
        """Wait until a process has died at its point, and start it again as a supervisor would."""
        assert await self.fleet.death(name) == KILLED
        assert self.fleet.logged(name, "drill: kill")
        self.fleet.launch(name)
        await self.fleet.ready(name)

    async def all_is_well(self) -> Evidence:
        """Wait until nothing waits any more; then every invariant must hold."""
        async with looking(self.fleet.dsns, self.fleet.bootstrap) as sources:
            return await all_is_well(sources, self.fleet, self.ledger)


async def all_is_well(sources: Sources, fleet: Fleet, ledger: Ledger) -> Evidence:
    """Wait until nothing waits any more; then every invariant must hold."""
    await settled(sources)
    processes = [process.pid for process in fleet.processes.values()]
    held = await nobody_holds_what_others_need(sources, processes)
    assert not held, "\n".join(held)
    evidence = await sources.gather(ledger.entries())
    found = violations(evidence)
    assert not found, report(found)
    return evidence
