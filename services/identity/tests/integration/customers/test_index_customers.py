"""Customers that an older version of the service wrote become searchable."""

from datetime import timedelta

from sqlalchemy import text

from identity.customers.usecases.index_customers import (
    BETWEEN_ROUNDS,
    IndexCustomers,
    index_customers,
)
from services.identity.tests.harness import email


async def indexed(actor) -> dict[str, str]:
    rows = await actor.rows("SELECT customer_id, name FROM customer_search")
    return {str(row.customer_id): row.name for row in rows}


async def run(actor, count: int = 3, *, later: timedelta = timedelta(0)) -> int:
    now = actor.clock.now() + later
    number: int = await actor.database.run(index_customers, IndexCustomers(count), now=now)
    return number


async def forget(actor) -> None:
    async def work(tx) -> None:
        await tx.execute(text("DELETE FROM customer_search"))

    await actor.database.run(work)


async def test_every_customer_is_indexed_and_once_more_later(actor):
    for number in range(7):
        await actor.meet(email(f"u{number}"), name=f"Karin Berg {number}")
    before = await indexed(actor)
    assert len(before) == 7
    await forget(actor)
    assert [await run(actor, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert await indexed(actor) == before
    await forget(actor)
    assert await run(actor, later=BETWEEN_ROUNDS / 2) == 0
    assert [await run(actor, 10, later=BETWEEN_ROUNDS) for _ in range(2)] == [7, 0]
    assert await indexed(actor) == before
    assert await run(actor, later=9 * BETWEEN_ROUNDS) == 0


async def test_an_absorbed_customer_is_not_indexed(actor):
    anna, berta = await actor.meet(email("a"), name="Anna"), await actor.meet(email("b"))
    await actor.merge(anna.customer_id, berta.customer_id)
    await forget(actor)
    await run(actor, 10)
    assert await indexed(actor) == {str(berta.customer_id): "anna"}


async def test_the_job_overwrites_no_newer_terms(actor):
    anna = await actor.meet(email("a"), name="Anna")
    await actor.meet(email("a"), name="Berta")
    await run(actor, 10)
    assert await indexed(actor) == {str(anna.customer_id): "berta"}
