"""All processes start without Postgres and Kafka, report it, and recover by themselves."""

from functools import partial
from http import HTTPStatus

import httpx
import pytest

from devstack.fleet.fleet import SEPARATE, Fleet
from devstack.testing.wait import until
from tests.drills.callers.messages import a_message
from tests.drills.drill import Drill
from tests.drills.faults.outages import during

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(600)]


async def test_processes_start_without_servers_report_it_and_recover(drill: Drill):
    fleet = drill.fleet
    fleet.stop(*SEPARATE)
    async with during(drill.kafka.stopped()), during(drill.postgres.stopped()):
        for name in SEPARATE:
            fleet.launch(name)
        for name in SEPARATE:
            assert await until(partial(_reasons, fleet, name), 120, every=0.2)
    await fleet.wait_ready(*SEPARATE)
    await drill.speaker.say("rest", a_message())
    await drill.speaker.say("kafka", a_message())
    await drill.check_invariants()


async def _reasons(fleet: Fleet, name: str) -> list[str]:
    """Return why a living process is not ready; empty while it does not answer yet."""
    assert fleet.processes[name].poll() is None, f"{name} has ended"
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        try:
            alive = await client.get(f"{fleet.url(name)}/livez")
            answer = await client.get(f"{fleet.url(name)}/readyz")
        except httpx.TransportError:
            return []
    assert alive.status_code == HTTPStatus.OK
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    return [check["reason"] for check in answer.json()["checks"].values() if not check["ok"]]
