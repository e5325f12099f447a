import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from identity.customers.domain.identifiers import Level, Presented
from identity.resolution.domain.questions import Question
from identity.resolution.store import locks
from identity.resolution.usecases.resolve_identities import ResolveIdentities, resolve_identities
from services.identity.tests.running import Actor, assert_sound, device, email

P, V = Level.CHANNEL_PROVED, Level.VERIFIED


async def test_a_customer_is_written_with_its_event(actor):
    met = await actor.meet(email("Anna", V), Presented("phone", "12 ab"), name="Anna")
    (row,) = await actor.rows("SELECT * FROM identifier")
    assert (row.value, row.raw, row.level) == ("anna@nordlys.se", "Anna@nordlys.se", "verified")
    assert (row.customer_id, row.tenant_id, row.scope) == (met.customer_id, "demo", "")
    (event,) = await actor.events()
    assert (event["type"], event["sequence"]) == ("identity.customer.created", 1)
    assert event["subject_id"] == event["data"]["customer_id"] == str(met.customer_id)
    assert event["data"]["attributes"] == {"name": "Anna"}
    assert event["data"]["identifiers"] == [
        {
            "type": "email",
            "value": "anna@nordlys.se",
            "raw": "Anna@nordlys.se",
            "scope": None,
            "level": "verified",
        }
    ]
    await assert_sound(actor)


async def test_a_later_identifier_and_a_later_value_are_events_of_their_own(actor):
    await actor.meet(email("anna"), name="Ann")
    met = await actor.meet(email("anna"), device("a", P), name="Anna")
    assert met.version == 3
    (added,) = await actor.events("identifier.added")
    assert added["data"]["identifier"]["level"] == "channel_proved"
    (updated,) = await actor.events("customer.updated")
    assert (updated["data"]["changed"], updated["sequence"]) == (["name"], 3)
    assert len(await actor.rows("SELECT 1 FROM attribute_observation")) == 2
    await assert_sound(actor)


async def test_a_repeat_writes_nothing(actor):
    asked = actor.ask(email("anna"), device("a"), name="Anna")
    (first,) = await actor.resolve(asked)
    (second,) = await actor.resolve(asked)
    assert (second.customer_id, second.created, second.linked) == (first.customer_id, False, ())
    assert len(await actor.events()) == 1


async def test_looking_up_a_stranger_leaves_no_trace(actor):
    (found,) = await actor.resolve(actor.ask(email("anna"), create=False))
    assert found.customer_id is None
    assert await actor.rows("SELECT 1 FROM customer") == []


async def test_proved_identifiers_merge_and_leave_a_log_that_can_be_undone(actor):
    anna = await actor.meet(email("anna", P), name="Anna")
    device_only = await actor.meet(device("a"), tier="gold")
    met = await actor.meet(email("anna", P), device("a", P))
    assert (met.customer_id, met.merged) == (anna.customer_id, (device_only.customer_id,))
    (merged,) = await actor.events("customer.merged")
    assert merged["subject_id"] == str(anna.customer_id)
    assert merged["data"]["absorbed_ids"] == [str(device_only.customer_id)]
    assert merged["data"]["attributes"] == {"name": "Anna", "tier": "gold"}
    assert len(merged["data"]["evidence"]) == 2
    (redirected,) = await actor.events("customer.redirected")
    assert redirected["subject_id"] == str(device_only.customer_id)
    (row,) = await actor.rows("SELECT * FROM merge_log")
    assert list(row.absorbed_ids) == [device_only.customer_id]
    await assert_sound(actor)


async def test_a_batch_is_one_answer_for_each_item_in_order(actor):
    asked = [actor.ask(email(f"u{number % 40}"), device(str(number))) for number in range(100)]
    answers = await actor.resolve(*asked)
    assert len({one.customer_id for one in answers}) == 40
    assert [one.created for one in answers] == [number < 40 for number in range(100)]
    assert len(await actor.events("identifier.added")) == 60
    await assert_sound(actor)


async def test_a_batch_may_merge_what_it_made(actor):
    answers = await actor.resolve(
        actor.ask(email("anna", P)),
        actor.ask(device("a", P)),
        actor.ask(device("b", P)),
        actor.ask(email("anna", P), device("a", P)),
        actor.ask(device("b", P), device("a", P)),
    )
    assert len({one.customer_id for one in answers[3:]}) == 1
    await assert_sound(actor)
    again = await actor.meet(device("a"))
    assert again.customer_id == answers[4].customer_id


@pytest.mark.parametrize("size", [1, 200])
async def test_the_number_of_statements_does_not_grow_with_the_batch(actor, size):
    async def work(tx: Any, command: ResolveIdentities, *, now: datetime) -> int:
        statements = 0

        @event.listens_for(tx.sync_connection, "before_cursor_execute")
        def count(*_about: object) -> None:
            nonlocal statements
            statements += 1

        await resolve_identities(tx, command, now=now)
        return statements

    def batch(*names: str) -> ResolveIdentities:
        asked = (
            actor.ask(*(device(f"{name}{number}", P) for name in names), note=names[0])
            for number in range(size)
        )
        return ResolveIdentities("demo", tuple(asked), actor.rules)

    async def statements(*names: str) -> int:
        return await actor.database.run(work, batch(*names), now=actor.clock.now())

    # What is told goes by COPY, which is one more.
    assert await statements("a") == 4  # read, lock keys, read, write
    assert await statements("b") == 4
    assert await statements("a", "c") == 5  # and lock customers
    assert await statements("a", "b") == 5  # read, lock customers, read, write, merge


async def test_a_very_large_batch_takes_one_lock_for_all_its_new_keys(actor, monkeypatch):
    monkeypatch.setattr(locks, "MANY_KEYS", 50)
    answers = await actor.resolve(*(actor.ask(email(f"u{number}")) for number in range(60)))
    assert sum(one.created for one in answers) == 60
    await assert_sound(actor)


async def test_twenty_first_contacts_at_once_are_one_customer(actor):
    met = await asyncio.gather(
        *(actor.meet(email("anna"), device(str(number))) for number in range(20))
    )
    assert len({one.customer_id for one in met}) == 1
    assert sum(one.created for one in met) == 1
    assert len(await actor.events("identifier.added")) == 19
    await assert_sound(actor)


async def test_batches_in_opposite_orders_do_not_lock_each_other_out(actor):
    def batch(numbers: range) -> list[Question]:
        return [actor.ask(email(f"u{number}"), device(f"d{number}", P)) for number in numbers]

    batches = [batch(range(60)), batch(range(59, -1, -1))] * 3
    answers = await asyncio.gather(*(actor.resolve(*asked) for asked in batches))
    assert sum(one.created for answered in answers for one in answered) == 60
    await assert_sound(actor)


async def test_tenants_never_meet(service, actor):
    other = Actor(service, "other")
    here, there = await actor.meet(email("anna")), await other.meet(email("anna"))
    assert here.customer_id != there.customer_id
    assert (await other.meet(email("anna"))).customer_id == there.customer_id
