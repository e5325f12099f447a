"""Merges of customers: they show on clocks, and restart, double, declare and retract none."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.messaging import Envelope, Received, Record
from services.sla.tests.harness import timer_of
from sla.customers.consumers.customers import customers_stream
from sla.customers.events import consumed
from sla.privacy.usecases.begin_erasures import begin_erasures

pytestmark = pytest.mark.usefixtures("policy")
STREAM = customers_stream(begin_erasures)


class Identity:
    """Tells of merges as identity does."""

    def __init__(self, service: Any, desk: Any) -> None:
        self._service = service
        self._desk = desk
        self._minutes = 0

    def merge(self, survivor: UUID, absorbed: list[UUID], *, version: int = 2) -> list[Received]:
        data = consumed.CustomerMerged(survivor_id=survivor, absorbed_ids=absorbed)
        redirect = consumed.CustomerRedirected(customer_id=absorbed[0], survivor_id=survivor)
        return [self._event(survivor, 2, data), self._event(absorbed[0], version, redirect)]

    def undo(self, survivor: UUID, restored: UUID, *, version: int = 3) -> list[Received]:
        apart = [consumed.RestoredCustomer(customer_id=restored, version=version)]
        return [
            self._event(each, number, consumed.CustomerUnmerged(customer_id=each, restored=apart))
            for each, number in ((survivor, 3), (restored, version))
        ]

    async def tell(self, *events: Received) -> None:
        await self._service.database.run(STREAM.apply, events, now=self._desk.now())

    def _event(self, customer_id: UUID, sequence: int, data: Any) -> Received:
        self._minutes += 1
        at = self._desk.now() + timedelta(minutes=self._minutes)
        envelope = Envelope(
            id=str(uuid4()),
            source="/threadline/identity",
            type="identity.customer.changed",
            version=1,
            tenant_id="demo",
            occurred_at=at,
            recorded_at=at,
            sequence=sequence,
            subject_id=str(customer_id),
            key=str(customer_id),
        )
        return Received(envelope, data, Record("identity.customers", 0, 0, None, b"{}"))


@pytest.fixture
def identity(service, desk):
    return Identity(service, desk)


async def customers_of(api):
    clocks = (await api.get("/v1/sla/clocks?limit=100")).json()["items"]
    return {clock["conversation_id"]: clock["customer_id"] for clock in clocks}


async def clocks_in(desk):
    """Everything that is stored of clocks and facts."""
    return (
        await desk.rows("SELECT * FROM clock ORDER BY clock_id"),
        await desk.rows("SELECT * FROM fact ORDER BY 1, 2, 3"),
    )


async def test_two_open_conversations_remain_two_clocks_that_run_on(api, publisher, desk, identity):
    anna, bo = uuid4(), uuid4()
    of_anna = publisher.conversation(customer_id=str(anna)).opened(desk.now(-20))
    of_bo = publisher.conversation(customer_id=str(bo)).opened(desk.now(-10))
    await publisher.send()
    before = await clocks_in(desk)
    events = await desk.rows("SELECT count(*) FROM outbox")
    await identity.tell(*identity.merge(anna, [bo]))
    assert await clocks_in(desk) == before
    shown = dict.fromkeys((str(of_anna.id), str(of_bo.id)), str(anna))
    assert await customers_of(api) == shown
    assert await desk.rows("SELECT count(*) FROM outbox") == events
    # An answer in one of them counts for that one only.
    of_anna.snapshot["customer_id"] = str(anna)
    of_anna.agent(desk.now())
    await publisher.send()
    states = await desk.rows(
        "SELECT conversation_id, state FROM clock WHERE metric = 'first_response'"
    )
    assert {row.conversation_id: row.state for row in states} == {
        of_anna.id: "met",
        of_bo.id: "running",
    }
    await identity.tell(*identity.undo(anna, bo))
    assert await customers_of(api) == {str(of_anna.id): str(anna), str(of_bo.id): str(bo)}


async def test_a_breach_is_declared_once_across_a_merge_and_its_undoing(
    publisher, desk, service, identity
):
    anna, bo = uuid4(), uuid4()
    publisher.conversation(customer_id=str(bo)).opened(desk.now(-70))
    await identity.tell(*identity.merge(anna, [bo]))
    await publisher.send(watermark=desk.now())
    await fire(service)
    breaches = "SELECT payload FROM outbox WHERE type = 'sla.clock.breached'"
    [told] = await desk.rows(breaches)
    assert str(anna) in told.payload
    await identity.tell(*identity.undo(anna, bo))
    await publisher.send_heartbeat(desk.now())
    await fire(service)
    assert len(await desk.rows(breaches)) == 1
    assert await desk.rows("SELECT 1 FROM outbox WHERE type = 'sla.breach.retracted'") == []
    await identity.tell(*identity.merge(anna, [bo], version=4))
    await fire(service)
    assert len(await desk.rows(breaches)) == 1


async def fire(service):
    while await timer_of(service).tick() == 0.0:
        pass


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_and_repetition_shows_the_same_customers(
    api, publisher, desk, identity, seed
):
    """A chain of two merges of which the first one is undone, then a merge the other way."""
    a, b, c = (uuid4() for _ in range(3))
    conversations = {
        each: publisher.conversation(customer_id=str(each)).opened(desk.now(-20))
        for each in (a, b, c)
    }
    await publisher.send()
    told = [
        *identity.merge(b, [a]),
        *identity.merge(c, [b, a]),
        *identity.undo(c, a),
        *identity.merge(a, [c], version=4),
    ]
    shuffled = told + told
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a shuffle needs no secrecy
    for start in range(0, len(shuffled), 3):
        await identity.tell(*shuffled[start : start + 3])
    assert await customers_of(api) == {str(each.id): str(a) for each in conversations.values()}


async def test_another_tenants_merges_show_nowhere(api, publisher, desk, identity):
    anna, bo = uuid4(), uuid4()
    conversation = publisher.conversation(customer_id=str(bo)).opened(desk.now(-20))
    await publisher.send()
    foreign = [
        Received(event.envelope._replace(tenant_id="other"), event.data, event.record)
        for event in identity.merge(anna, [bo])
    ]
    await identity.tell(*foreign)
    assert await customers_of(api) == {str(conversation.id): str(bo)}
