"""The versions of customers' profiles: as of any moment, in any order of arrival, and bounded."""

import random
from datetime import timedelta

from sqlalchemy import text

from common.ids import new_id
from interactions.context.consumers.customers import customers_stream
from interactions.context.store.customers.versions import find_profile_as_of
from interactions.context.usecases.keep_versions import compact_versions
from interactions.privacy.usecases.erase_people import begin_erasures
from services.interactions.tests.context_rows import (
    NOW,
    TENANT,
    a_phone,
    claimed,
    created,
    identifier_event,
    merged,
    read_all,
    updated,
)
from services.interactions.tests.integration.context.test_project_customers import rows

STREAM = customers_stream(begin_erasures)
PHONE, OTHER = a_phone("+442079460018"), a_phone("+442079460583")


async def project(database, *records):
    await database.run(STREAM.apply, read_all(STREAM, records), now=NOW)


async def as_of(database, customer, **moment):
    return await database.read(find_profile_as_of, (TENANT, customer), **moment)


def day(number):
    return NOW + timedelta(days=number)


def a_life(customer):
    """One version a day. An event is recorded as many seconds later as its number says."""
    return [
        created(customer, attributes={"tier": "silver"}, identifiers=[PHONE], at=day(0)),
        updated(customer, {"tier": "gold"}, sequence=2, at=day(1)),
        identifier_event("added", customer, OTHER, sequence=3, at=day(2)),
        identifier_event("removed", customer, PHONE, sequence=4, at=day(3)),
        claimed(customer, PHONE, held_by=new_id(), sequence=5, at=day(4)),
        merged(customer, [new_id()], sequence=6, attributes={"tier": "platinum"}, at=day(5)),
    ]


async def seen(database, customer, **moment):
    profile = await as_of(database, customer, **moment)
    if profile is None:
        return None
    numbers = {entry.identifier.value for entry in profile.live()}
    return profile.attributes.get("tier"), numbers, len(profile.live_claims())


ONE, TWO = PHONE["value"], OTHER["value"]
LIVES = [
    ("silver", {ONE}, 0),
    ("gold", {ONE}, 0),
    ("gold", {ONE, TWO}, 0),
    ("gold", {TWO}, 0),
    ("gold", {TWO}, 1),
    ("platinum", set(), 1),
]


async def test_a_profile_is_shown_as_of_any_moment_whatever_the_order_of_arrival(database):
    for seed in range(4):
        customer = new_id()
        events = 2 * a_life(customer)
        random.Random(seed).shuffle(events)  # noqa: S311 - a shuffle needs no secrecy
        while events:
            await project(database, *events[:3])
            events = events[3:]
        assert await seen(database, customer, recorded_by=day(0)) is None
        for number, expected in enumerate(LIVES):
            later = day(number) + timedelta(hours=1)
            assert await seen(database, customer, recorded_by=later) == expected
            assert await seen(database, customer, occurred_by=later) == expected
        assert await seen(database, customer) == LIVES[-1]


async def test_what_had_happened_but_was_not_known_yet_can_be_told_apart(database):
    customer = new_id()
    await project(database, created(customer, attributes={"tier": "silver"}, at=day(0)))
    # It happened on the first day, and identity recorded it ten days later.
    await project(database, updated(customer, {"tier": "gold"}, sequence=864_000, at=day(1)))
    assert (await seen(database, customer, occurred_by=day(2)))[0] == "gold"
    assert (await seen(database, customer, occurred_by=day(2), recorded_by=day(2)))[0] == "silver"


async def test_another_tenants_customer_has_no_versions_here(database):
    customer = new_id()
    await project(database, created(customer, tenant_id="other"))
    assert await as_of(database, customer) is None


async def test_versions_past_the_retention_become_one_and_later_moments_stay_exact(database):
    customer = new_id()
    await project(database, *a_life(customer))
    before = day(3) + timedelta(hours=1)
    while await database.run(compact_versions, before=before, count=2):
        pass
    kept = await rows(database, "SELECT version, is_base FROM customer_version ORDER BY 1")
    assert kept == [(4, True), (5, False), (6, False)]
    for number in (3, 4, 5):
        later = day(number) + timedelta(hours=1)
        assert await seen(database, customer, recorded_by=later) == LIVES[number]
    assert await seen(database, customer, recorded_by=day(1)) is None


async def test_a_version_that_arrives_after_its_time_was_folded_still_counts(database):
    customer = new_id()
    first, second, *others = a_life(customer)
    third, *last = others
    await project(database, first, second, *last)
    await database.run(compact_versions, before=day(3) + timedelta(hours=1), count=10)
    await project(database, third)
    await database.run(compact_versions, before=day(3) + timedelta(hours=1), count=10)
    assert await seen(database, customer) == LIVES[-1]
    moment = day(4) + timedelta(hours=1)
    assert await seen(database, customer, recorded_by=moment) == LIVES[4]


async def test_a_customer_who_changes_all_the_time_keeps_a_bounded_number(database, monkeypatch):
    monkeypatch.setattr("interactions.context.domain.versions.MOST_VERSIONS", 5)
    monkeypatch.setattr("interactions.context.usecases.keep_versions.MOST_VERSIONS", 5)
    customer = new_id()
    await project(database, created(customer, identifiers=[PHONE]))
    for sequence in range(2, 40):
        await project(database, updated(customer, {"count": sequence}, sequence=sequence))
        [kept] = await rows(database, "SELECT count(*) FROM customer_version")
        assert kept[0] <= 2 * 5 + 1
    profile = await as_of(database, customer)
    assert profile.attributes == {"count": 39}
    assert [entry.identifier.value for entry in profile.live()] == [ONE]


async def test_a_customer_from_before_versions_were_kept_begins_with_what_was_known(database):
    customer = new_id()
    await project(database, created(customer, attributes={"tier": "gold"}, identifiers=[PHONE]))
    await database.run(_forget_versions)
    assert await as_of(database, customer) is None
    await project(database, identifier_event("added", customer, OTHER, sequence=2))
    profile = await as_of(database, customer)
    assert profile.attributes == {"tier": "gold"}
    assert {entry.identifier.value for entry in profile.live()} == {ONE, TWO}


async def _forget_versions(tx):
    await tx.execute(text("DELETE FROM customer_version"))
