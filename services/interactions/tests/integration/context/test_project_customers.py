"""Identity's events on a real Postgres: whatever order they come in, one read model."""

import random

import pytest

from common.db import Database
from common.ids import new_id
from common.messaging import Applied, Ignored
from common.settings import PostgresSettings
from devstack.testing.postgres import counted_statements, rows_of
from interactions.context.consumers.customers import customers_stream
from interactions.privacy.usecases.erase_people import begin_erasures
from services.interactions.tests.context_rows import (
    NOW,
    a_phone,
    created,
    identifier_event,
    merged,
    read_all,
    redirected,
    updated,
)

STREAM = customers_stream(begin_erasures)


async def project(database, *records):
    return await database.run(STREAM.apply, read_all(STREAM, records), now=NOW)


async def rows(database, statement, **values):
    return [tuple(row) for row in await rows_of(database, statement, **values)]


async def read_model(database):
    """Everything that the projection writes, but for the times at which it did."""
    return (
        await rows(database, "SELECT * FROM customer_alias ORDER BY 1, 2"),
        await rows(
            database,
            "SELECT tenant_id, customer_id, attributes::text, identifiers::text, version,"
            " snapshot_version FROM customer_profile ORDER BY 1, 2",
        ),
        await rows(
            database,
            "SELECT type, scope, lookup_key, coalesce(a.canonical_id, k.customer_id)"
            " FROM known_identifier k LEFT JOIN customer_alias a"
            " ON a.tenant_id = k.tenant_id AND a.origin_id = k.customer_id ORDER BY 1, 2, 3",
        ),
    )


async def canonical(database):
    return dict(await rows(database, "SELECT origin_id, canonical_id FROM customer_alias"))


async def test_a_created_customer_is_found_by_the_key_that_identity_published(database):
    customer = new_id()
    phone = a_phone("+442079460018", raw="020 7946 0018")
    assert await project(database, created(customer, identifiers=[phone])) == [Applied()]
    found = await rows(database, "SELECT lookup_key, customer_id FROM known_identifier ORDER BY 1")
    assert found == [("+442079460018", customer)]
    shown = await rows(database, "SELECT identifiers::text FROM customer_profile")
    assert "020 7946" not in shown[0][0]


@pytest.mark.parametrize(
    ("kind", "value"), [("whatsapp", "+442079460018"), ("phone", "+5215512345678")]
)
async def test_a_key_of_another_version_is_not_kept(database, kind, value):
    """Nothing would find it: a look-up of this version has another key."""
    identifier = a_phone(value) | {"type": kind}
    await project(database, created(new_id(), identifiers=[identifier]))
    assert await rows(database, "SELECT lookup_key FROM known_identifier") == []


async def test_ids_that_differ_in_case_find_two_customers(database):
    ada, bob = new_id(), new_id()
    for customer, value in ((ada, "0015A00000Gv7qJ"), (bob, "0015A00000Gv7qj")):
        number = a_phone(value) | {"type": "external_id", "scope": "crm"}
        await project(database, created(customer, identifiers=[number]))
    found = await rows(database, "SELECT lookup_key, customer_id FROM known_identifier")
    assert dict(found) == {"0015A00000Gv7qJ": ada, "0015A00000Gv7qj": bob}


async def test_a_version_that_is_not_newer_changes_nothing(database):
    customer = new_id()
    await project(database, created(customer), updated(customer, {"tier": "gold"}, sequence=3))
    outcome = await project(database, updated(customer, {"tier": "silver"}, sequence=2))
    assert outcome == [Ignored("stale_version")]
    assert await rows(database, "SELECT attributes->>'tier' FROM customer_profile") == [("gold",)]


async def test_a_removed_identifier_no_longer_finds_the_customer(database):
    customer, phone = new_id(), a_phone(raw="020 7946 0018")
    await project(database, created(customer, identifiers=[phone]))
    await project(database, identifier_event("removed", customer, phone, sequence=2))
    assert await rows(database, "SELECT * FROM known_identifier") == []


async def test_an_identifier_that_moved_stays_with_its_new_owner(database):
    """The old owner's events arrive late, on another partition."""
    old, new, phone = new_id(), new_id(), a_phone()
    await project(database, created(new, sequence=1))
    await project(database, identifier_event("added", new, phone, sequence=9))
    await project(database, created(old, identifiers=[phone], sequence=1))
    await project(database, identifier_event("removed", old, phone, sequence=2))
    assert await rows(database, "SELECT customer_id FROM known_identifier") == [(new,)]


async def test_a_chain_of_merges_in_the_wrong_order_is_one_hop(database):
    a, b, c = new_id(), new_id(), new_id()
    await project(database, merged(c, [b, a], sequence=2))
    await project(database, merged(b, [a], sequence=2))
    assert await canonical(database) == {a: c, b: c, c: c}


async def test_a_redirect_alone_moves_the_whole_cluster(database):
    a, b, c = new_id(), new_id(), new_id()
    await project(database, merged(b, [a], sequence=2))
    await project(database, redirected(b, c, sequence=3))
    assert await canonical(database) == {a: c, b: c, c: c}


async def test_tenants_do_not_share_aliases(database):
    a, b = new_id(), new_id()
    await project(database, merged(b, [a], sequence=2), created(a, tenant_id="other"))
    found = await rows(
        database, "SELECT canonical_id FROM customer_alias WHERE tenant_id = 'other'"
    )
    assert found == [(a,)]


async def test_any_order_and_repetition_gives_the_same_read_model(database, fresh_dsn):
    """Random shuffles and batch sizes of a history with chained merges."""
    a, b, c, d = (new_id() for _ in range(4))
    one, two = a_phone("+441"), a_phone("+442", raw="00 442")
    told = [
        created(a, identifiers=[one]),
        created(b, identifiers=[two]),
        created(c),
        created(d),
        identifier_event("removed", a, one, sequence=2),
        updated(b, {"tier": "gold"}, sequence=2),
        merged(b, [a], sequence=3, attributes={"tier": "gold"}, identifiers=[two]),
        redirected(a, b, sequence=3),
        merged(c, [b, a], sequence=2, attributes={"tier": "gold"}, identifiers=[two]),
        redirected(b, c, sequence=4),
        merged(c, [d], sequence=3, attributes={"tier": "gold"}, identifiers=[two]),
        redirected(d, c, sequence=2),
    ]
    await project(database, *told)
    expected = await read_model(database)
    assert {origin: canonical for _, origin, canonical in expected[0]} == dict.fromkeys(
        (a, b, c, d), c
    )
    shuffler = random.Random(20261123)  # noqa: S311 - a shuffle needs no secrecy
    for _ in range(12):
        other = Database(PostgresSettings(dsn=fresh_dsn("interactions")), service="interactions")
        events = told + told
        shuffler.shuffle(events)
        while events:
            size = shuffler.randint(1, 6)
            await project(other, *events[:size])
            events = events[size:]
        found = await read_model(other)
        await other.close()
        assert found[0] == expected[0]
        assert found[1] == expected[1]
        assert found[2] == expected[2]


async def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch(database):
    async def cost(size):
        people = [new_id() for _ in range(size)]
        records = [created(p, identifiers=[a_phone(f"+{p.int}")]) for p in people]
        records += [merged(people[0], people[1:], sequence=2)]
        with counted_statements() as statements:
            await project(database, *records)
        return len(statements)

    assert 0 < await cost(3) == await cost(60)


async def test_concurrent_merges_of_one_chain_leave_no_second_hop(database):
    import asyncio

    people = [new_id() for _ in range(12)]
    told = [merged(people[n + 1], people[: n + 1], sequence=2) for n in range(11)]
    told += [redirected(people[n], people[n + 1], sequence=3) for n in range(11)]
    random.Random(1).shuffle(told)  # noqa: S311 - a shuffle needs no secrecy
    await asyncio.gather(*(project(database, one) for one in told))
    assert await canonical(database) == dict.fromkeys(people, people[-1])
