from typing import Any
from uuid import UUID

import pytest

from common.ids import new_id
from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Identifier, Level
from identity.resolution.domain.roster import Roster
from identity.resolution.store.locks import Locks
from identity.resolution.store.rosters import save_roster
from services.identity.tests.harness import assert_sound, email

ONE, TWO = UUID(int=1), UUID(int=2)
MAIL = IdentifierKey("email", "", "anna@nordlys.se")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((set(), {TWO}), (set(), {ONE})),
        ((set(), {TWO}), ({MAIL}, set())),
        (({MAIL}, set()), ({MAIL._replace(value="berta@nordlys.se")}, set())),
    ],
)
async def test_locks_out_of_order_restart_the_transaction(actor, first, second):
    attempts = 0

    async def work(tx: Any) -> bool:
        nonlocal attempts
        attempts += 1
        locks = Locks("demo")
        if attempts > 1:
            await locks.take(tx, first[0] | second[0], first[1] | second[1])
            return locks.cover(*first) and locks.cover(*second)
        await locks.take(tx, *first)
        await locks.take(tx, *second)
        return False

    assert await actor.database.run(work)
    assert attempts == 2


async def test_an_identifier_is_never_taken_from_another_customer(actor):
    met = await actor.meet(email("anna"))
    now = actor.clock.now()
    stale = Roster()
    stale.create(new_id(), [Identifier(MAIL, MAIL.value, Level.VERIFIED, None, now)], [], now=now)

    async def work(tx: Any) -> None:
        await save_roster(tx, "demo", stale, now=now)

    with pytest.raises(RuntimeError, match="belongs to another customer"):
        await actor.database.run(work)
    assert (await actor.meet(email("anna"))).customer_id == met.customer_id
    await assert_sound(actor)


async def test_customers_created_and_merged_in_one_batch_are_written_at_once(actor):
    resolutions = await actor.resolve(
        *(
            actor.request(email(name, Level.VERIFIED), note=name)
            for name in ("anna", "berta", "carla")
        ),
        actor.request(*(email(name, Level.VERIFIED) for name in ("carla", "anna"))),
        actor.request(*(email(name, Level.VERIFIED) for name in ("berta", "anna", "doris"))),
    )
    assert len(resolutions[4].merged) in {1, 2}
    rows = await actor.rows("SELECT DISTINCT canonical_id FROM customer_alias")
    assert [row.canonical_id for row in rows] == [resolutions[4].customer_id]
    assert len(await actor.rows("SELECT 1 FROM identifier")) == 4
    await assert_sound(actor)
