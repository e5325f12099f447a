"""A process dies in the middle of an erasure; afterwards nothing of the person is left."""

from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from devstack.fleet.processes import KILLED
from devstack.testing.wait import until
from tests.drills.callers.messages import Message, a_message
from tests.drills.drill import Drill
from tests.drills.faults.points import Point, When

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]

IDENTITY, RELAY, REPORTS = "identity api", "identity relay", "identity consumer"
INTERACTIONS, INTERACTIONS_RELAY = "interactions consumer", "interactions relay"
SLA, SLA_RELAY = "sla consumer", "sla relay"
STEP = "advance"
"""The use case of one step of an erasure."""
AROUND: tuple[When, ...] = ("before", "after")
STEPS: tuple[tuple[int, When], ...] = ((1, "before"), (2, "after"), (2, "before"))

_TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND c.relname <> 'alembic_version'
"""


async def call(drill: Drill, service: str, method: str, path: str, **more: Any) -> Any:
    """Call a service as the tenant, once; None without an answer."""
    key = drill.fleet.credentials.api_key
    async with httpx.AsyncClient(trust_env=False, timeout=15) as http:
        try:
            return await http.request(
                method,
                f"{drill.fleet.url(service)}{path}",
                headers={"authorization": f"Bearer {key}"},
                **more,
            )
        except httpx.TransportError:
            return None


async def meet(drill: Drill) -> tuple[Message, str]:
    """Have a new person say something that the ledger does not keep; return who it is."""
    message = a_message()
    answer = await call(drill, "interactions api", "POST", "/v1/interactions", json=message.keyed())
    customer_id = answer.json()["customer_id"]

    async def is_projected() -> bool:
        known = "SELECT FROM customer_profile WHERE customer_id::text = $1"
        clocks = "SELECT FROM clock WHERE customer_id::text = $1"
        return bool(
            await drill.execute("interactions", known, customer_id)
            and await drill.execute("sla", clocks, customer_id)
        )

    await until(is_projected, 30)
    return message, customer_id


async def erase(drill: Drill, customer_id: str) -> str:
    """Ask for the erasure until it is answered; return its id."""
    body = {"customer_id": customer_id, "reason": "a drill"}
    answers: list[Any] = []

    async def is_answered() -> bool:
        answer = await call(drill, IDENTITY, "POST", "/v1/erasures", json=body)
        if answer is not None and answer.is_success:
            answers.append(answer.json())
        return bool(answers)

    await until(is_answered, 60, every=0.2)
    return str(answers[0]["erasure_id"])


async def check_gone(drill: Drill, message: Message, customer_id: str, erasure_id: str) -> None:
    """Wait until the receipt is signed; then search every table of every service."""

    async def is_complete() -> bool:
        answer = await call(drill, IDENTITY, "GET", f"/v1/erasures/{erasure_id}")
        return answer is not None and answer.is_success and answer.json()["state"] == "complete"

    await until(is_complete, 60, every=0.2)
    receipt = (await call(drill, IDENTITY, "GET", f"/v1/erasures/{erasure_id}/receipt")).json()
    reported = [report["service"] for report in receipt["receipt"]["services"]]
    assert reported == ["identity", "interactions", "sla"]
    for service, dsn in drill.fleet.dsns.items():
        assert await _tables_with(dsn, message.phone.removeprefix("+"), message.token) == [], (
            service
        )
    again = await call(drill, "interactions api", "POST", "/v1/interactions", json=message.body())
    assert again.status_code == 422
    assert "erased" in again.text
    assert (await call(drill, IDENTITY, "GET", f"/v1/customers/{customer_id}")).status_code == 404


async def _tables_with(dsn: str, *values: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        names = [row["relname"] for row in await connection.fetch(_TABLES)]
        rows = {
            name: await connection.fetchval(f"SELECT string_agg(t::text, ' ') FROM {name} AS t")
            for name in names
        }
    finally:
        await connection.close()
    texts = {name: found for name, found in rows.items() if found}
    sought = [form for value in values for form in (value, value.encode().hex())]
    return [name for name, found in texts.items() if any(value in found for value in sought)]


async def test_a_customer_is_erased_although_the_api_died_around_commit(drill: Drill):
    for when in AROUND:
        message, customer_id = await meet(drill)
        point = Point("transaction", when, of="erase_customer", about=customer_id)
        [erasure_id] = await drill.strike(IDENTITY, (point, partial(erase, drill, customer_id)))
        await check_gone(drill, message, customer_id, erasure_id)
    await drill.check_invariants()


@pytest.mark.parametrize("name", [RELAY, INTERACTIONS_RELAY, SLA_RELAY])
async def test_a_search_that_died_between_two_steps_goes_on(drill: Drill, name: str):
    message, customer_id = await meet(drill)
    drill.fleet.stop(name)
    erasure_id = await erase(drill, customer_id)
    for nth, when in STEPS:
        point = Point("transaction", when, nth=nth, of=STEP, about=erasure_id)
        # Do not wait until it is ready: the work that waits kills it before that.
        drill.fleet.launch(name, through=point.words())
        assert await drill.fleet.wait_for_exit(name, within=60) == KILLED
    drill.fleet.launch(name)
    await check_gone(drill, message, customer_id, erasure_id)
    await drill.check_invariants()


@pytest.mark.parametrize("name", [INTERACTIONS, SLA, REPORTS])
async def test_an_announcement_or_a_report_that_died_with_its_consumer_is_read_again(
    drill: Drill, name: str
):
    message, customer_id = await meet(drill)
    drill.fleet.stop(name)
    erasure_id = await erase(drill, customer_id)
    for when in AROUND:
        # Only the announcement and the reports name the erasure; clocks name the customer, too.
        drill.fleet.launch(name, through=Point("batch", when, about=erasure_id).words())
        assert await drill.fleet.wait_for_exit(name, within=60) == KILLED
    drill.fleet.launch(name)
    await check_gone(drill, message, customer_id, erasure_id)
    await drill.check_invariants()
