import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.resolution.domain.requests import ResolutionRequest
from identity.resolution.store import locks
from identity.resolution.usecases.resolve_identities import (
    ResolveIdentities,
    prepare_requests,
    resolve_identities,
)
from services.identity.tests.harness import DENY_KEYS, Actor, assert_sound, device, email

P, V = Level.CHANNEL_PROVED, Level.VERIFIED


async def test_a_customer_is_written_with_its_event(actor):
    met = await actor.meet(email("Anna", V), PresentedIdentifier("phone", "12 ab"), name="Anna")
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
    await actor.meet(email("anna", P), name="Ann")
    met = await actor.meet(email("anna", P), device("a", P), name="Anna")
    assert met.version == 3
    (added,) = await actor.events("identifier.added")
    assert added["data"]["identifier"]["level"] == "channel_proved"
    (updated,) = await actor.events("customer.updated")
    assert (updated["data"]["changed"], updated["sequence"]) == (["name"], 3)
    assert len(await actor.rows("SELECT 1 FROM attribute_observation")) == 2
    await assert_sound(actor)


async def test_a_repeated_request_writes_nothing(actor):
    request = actor.request(email("anna"), device("a"), name="Anna")
    (first,) = await actor.resolve(request)
    (second,) = await actor.resolve(request)
    assert (second.customer_id, second.created, second.linked) == (first.customer_id, False, ())
    assert len(await actor.events()) == 1


async def test_looking_up_an_unknown_identifier_writes_nothing(actor):
    (resolution,) = await actor.resolve(actor.request(email("anna"), create=False))
    assert resolution.customer_id is None
    assert await actor.rows("SELECT 1 FROM customer") == []


async def test_proved_identifiers_merge_customers_and_write_the_merge_log(actor):
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


async def test_a_batch_returns_one_resolution_per_item_in_order(actor):
    requests = [
        actor.request(email(f"u{number % 40}"), device(str(number))) for number in range(100)
    ]
    resolutions = await actor.resolve(*requests)
    assert len({resolution.customer_id for resolution in resolutions}) == 40
    assert [resolution.created for resolution in resolutions] == [
        number < 40 for number in range(100)
    ]
    assert len(await actor.events("identifier.added")) == 60
    await assert_sound(actor)


async def test_a_batch_may_merge_customers_it_created(actor):
    resolutions = await actor.resolve(
        actor.request(email("anna", P)),
        actor.request(device("a", P)),
        actor.request(device("b", P)),
        actor.request(email("anna", P), device("a", P)),
        actor.request(device("b", P), device("a", P)),
    )
    assert len({resolution.customer_id for resolution in resolutions[3:]}) == 1
    await assert_sound(actor)
    again = await actor.meet(device("a", P))
    assert again.customer_id == resolutions[4].customer_id


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

    async def batch(*names: str) -> ResolveIdentities:
        requests = (
            actor.request(*(device(f"{name}{number}", P) for name in names), note=names[0])
            for number in range(size)
        )
        prepared = await prepare_requests(requests, now=actor.clock.now())
        return ResolveIdentities("demo", prepared, actor.rules, DENY_KEYS)

    async def statements(*names: str) -> int:
        return await actor.database.run(work, await batch(*names), now=actor.clock.now())

    # The events are written by COPY, which is not counted here.
    assert await statements("a") == 4  # read, lock keys, read, write
    assert await statements("b") == 4
    assert await statements("a", "c") == 5  # and lock customers
    assert await statements("a", "b") == 5  # read, lock customers, read, write, merge


async def test_a_very_large_batch_takes_one_lock_for_all_new_identifiers(actor, monkeypatch):
    monkeypatch.setattr(locks, "MAX_KEY_LOCKS", 50)
    resolutions = await actor.resolve(*(actor.request(email(f"u{number}")) for number in range(60)))
    assert sum(resolution.created for resolution in resolutions) == 60
    await assert_sound(actor)


async def test_twenty_concurrent_first_contacts_create_one_customer(actor):
    met = await asyncio.gather(
        *(actor.meet(email("anna"), device(str(number))) for number in range(20))
    )
    assert len({resolution.customer_id for resolution in met}) == 1
    assert sum(resolution.created for resolution in met) == 1
    assert len(await actor.events("identifier.added")) == 19
    await assert_sound(actor)


async def test_batches_in_opposite_orders_do_not_deadlock(actor):
    def batch(numbers: range) -> list[ResolutionRequest]:
        return [actor.request(email(f"u{number}"), device(f"d{number}", P)) for number in numbers]

    batches = [batch(range(60)), batch(range(59, -1, -1))] * 3
    resolutions = await asyncio.gather(*(actor.resolve(*requests) for requests in batches))
    assert sum(resolution.created for batch in resolutions for resolution in batch) == 60
    await assert_sound(actor)


async def test_equal_identifiers_of_two_tenants_stay_apart(service, actor):
    other = Actor(service, "other")
    here, there = await actor.meet(email("anna")), await other.meet(email("anna"))
    assert here.customer_id != there.customer_id
    assert (await other.meet(email("anna"))).customer_id == there.customer_id
