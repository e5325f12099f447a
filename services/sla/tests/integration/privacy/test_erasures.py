"""An erased customer is named nowhere; clocks run on as they would have."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.erasing import Eraser
from common.messaging import Envelope, Received, Record
from common.runtime import Loop
from devstack.testing.observation.searching import tables_of, tables_with
from services.sla.tests.harness import timer_of
from sla.customers.consumers.customers import customers_stream
from sla.customers.events.consumed import CustomerErased
from sla.privacy.store import people
from sla.privacy.usecases.begin_erasures import begin_erasures

pytestmark = pytest.mark.usefixtures("policy")


async def published(service) -> None:
    """Mark all events as published, as a relay does."""

    async def mark(tx: Any) -> None:
        await tx.execute(text("UPDATE outbox SET published_at = clock_timestamp()"))

    await service.database.run(mark)


async def erase(service, desk, *ids: UUID) -> None:
    """Consume identity's event of an erasure, on the key of each id."""
    erasure_id = uuid4()
    events = [
        Received(
            Envelope(
                id=str(uuid4()),
                source="/threadline/identity",
                type="identity.customer.erased",
                version=1,
                tenant_id="demo",
                occurred_at=desk.now(),
                recorded_at=desk.now(),
                sequence=9,
                subject_id=str(customer_id),
                key=str(customer_id),
            ),
            CustomerErased(erasure_id=erasure_id, customer_ids=list(ids)),
            Record("identity.customers", 0, 0, None, b"{}"),
        )
        for customer_id in ids
    ]
    await service.database.run(customers_stream(begin_erasures).apply, events, now=desk.now())


def eraser(service) -> Loop:
    loop = service.components["maintenance:erase"]
    assert isinstance(loop, Loop)
    return loop


async def sweep(service) -> None:
    await published(service)
    while not await eraser(service).round():
        pass


async def breached(service, publisher, desk, customer_id: UUID) -> None:
    """Breach the first response of a customer's conversation, so that alerts tell of it."""
    publisher.conversation(customer_id=str(customer_id)).opened(desk.now(-70))
    await publisher.send(watermark=desk.now())
    while await timer_of(service).tick() == 0.0:
        pass


async def test_the_customer_is_named_nowhere_and_the_clocks_stay(service, publisher, desk):
    customer_id = uuid4()
    await breached(service, publisher, desk, customer_id)
    clocks = "SELECT state, due_at, breached_at, target_seconds FROM clock ORDER BY clock_id"
    before = await desk.rows(clocks)
    assert "clock" in await tables_with(service.database, [str(customer_id)])
    await erase(service, desk, customer_id)
    await sweep(service)
    left = await tables_with(service.database, [str(customer_id)])
    assert set(left) == {"erasure_work", "erased_subject"}, "only the id, and nothing about it"
    assert await desk.rows(clocks) == before
    [report] = await desk.rows("SELECT payload FROM outbox WHERE type = 'sla.erasure.completed'")
    assert str(customer_id) not in report.payload


async def test_alerts_of_others_keep_their_customers(api, service, publisher, desk):
    gone, stays = uuid4(), uuid4()
    await breached(service, publisher, desk, gone)
    await breached(service, publisher, desk, stays)
    await erase(service, desk, gone)
    await sweep(service)
    alerts = (await api.get("/v1/sla/alerts")).json()["items"]
    assert {alert["customer_id"] for alert in alerts} == {None, str(stays)}


async def test_every_table_is_emptied_or_names_no_customer(service):
    """A new table belongs in one of the lists of ``privacy/store/people.py``."""
    assert set(await tables_of(service.database)) == {*people.EMPTIED, *people.WITHOUT_PEOPLE}


async def test_the_same_erasure_on_several_keys_is_done_once(service, publisher, desk):
    ids = [uuid4(), uuid4()]
    await breached(service, publisher, desk, ids[1])
    await erase(service, desk, *ids)
    await sweep(service)
    assert len(await desk.rows("SELECT 1 FROM erasure_work")) == 1
    assert len(await desk.rows("SELECT 1 FROM outbox WHERE type = 'sla.erasure.completed'")) == 1


class KilledError(BaseException):
    """The process dies: nothing catches this."""


@pytest.mark.parametrize("killed_in", range(7))
async def test_the_customer_is_dropped_wherever_it_was_killed(
    service, publisher, desk, monkeypatch, killed_in
):
    customer_id = uuid4()
    await breached(service, publisher, desk, customer_id)
    await erase(service, desk, customer_id)
    await published(service)
    for _ in range(killed_in):
        await eraser(service).round()
    real = Eraser.advance

    async def dies(self: Any, tx: Any, *, now: Any) -> int:
        await real(self, tx, now=now)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Eraser, "advance", dies)
        with pytest.raises(KilledError):
            await eraser(service).round()
    await sweep(service)
    left = await tables_with(service.database, [str(customer_id)])
    assert set(left) == {"erasure_work", "erased_subject"}
    assert len(await desk.rows("SELECT 1 FROM outbox WHERE type = 'sla.erasure.completed'")) == 1
