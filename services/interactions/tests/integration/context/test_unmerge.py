"""A merge that is undone: both customers are as they were, and what came between goes its way."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from common.db import Database
from common.ids import new_id
from common.settings import PostgresSettings
from interactions.context.consumers.customers import customers_stream
from interactions.history import Level, record_interactions
from interactions.privacy.usecases.erase_people import begin_erasures
from services.interactions.tests.context_rows import (
    NOW,
    a_conversation,
    a_phone,
    an_interaction,
    claimed,
    clock_event,
    created,
    identifier_event,
    merged,
    project_clocks,
    project_customers,
    read_all,
    redirected,
    split,
    unmerged,
    updated,
)
from services.interactions.tests.factories import a_draft, a_reply, recording
from services.interactions.tests.factories import a_phone as a_number
from services.interactions.tests.integration.context.test_project_customers import read_model, rows

ANNAS, BOS, NEW = a_phone("+442079460018"), a_phone("+442079460583"), a_phone("+442079460999")
EPOCHS = {"as_of", "updated_at", "version"}
"""What may differ: when a copy was written, and the number of its version."""


class People:
    """Anna and Bo, each with a telephone, a conversation, an interaction and a clock."""

    def __init__(self, api):
        self.api = api
        self.anna, self.bo = new_id(), new_id()

    async def begin(self):
        await project_customers(
            self.api,
            created(self.anna, identifiers=[ANNAS], attributes={"name": "Anna", "tier": "gold"}),
            created(self.bo, identifiers=[BOS], attributes={"name": "Bo"}),
        )
        for customer in (self.anna, self.bo):
            conversation = await self.api.run(a_conversation, customer)
            await self.api.run(an_interaction, customer, conversation_id=conversation)
            started = clock_event(
                "started",
                new_id(),
                sequence=1,
                conversation_id=conversation,
                customer_id=customer,
            )
            await project_clocks(self.api, started)

    def merging(self):
        both = {"name": "Anna", "tier": "gold"}
        return [
            merged(
                self.anna,
                [self.bo],
                sequence=2,
                attributes=both,
                identifiers=[ANNAS, BOS],
            ),
            redirected(self.bo, self.anna, sequence=2),
        ]

    def undoing(self, *, sequence=3, annas=(ANNAS,), bos=(BOS,)):
        common = {"merged_at": NOW}
        return [
            unmerged(
                self.anna,
                self.anna,
                {self.bo: (3, [])},
                sequence=sequence,
                attributes={"name": "Anna", "tier": "gold"},
                identifiers=list(annas),
                **common,
            ),
            unmerged(
                self.bo,
                self.anna,
                {self.bo: (3, [])},
                sequence=3,
                attributes={"name": "Bo"},
                identifiers=list(bos),
                **common,
            ),
        ]

    async def contexts(self):
        answers = [await self.api.get(f"/v1/context/{each}") for each in (self.anna, self.bo)]
        timelines = [
            await self.api.get(f"/v1/context/{each}/timeline") for each in (self.anna, self.bo)
        ]
        return [lasting(answer.json()) for answer in answers + timelines]

    async def say(self, text, number, *, customer_id, at=NOW + timedelta(minutes=5), draft=a_draft):
        numbers = (a_number(number["value"], level=Level.CHANNEL_PROVED),) if number else ()
        told = replace(draft(text=text), received_at=at, identifiers=numbers)
        command = recording(told, customer_id=customer_id)
        (result,) = await self.api.run(record_interactions, command, now=at)
        return result

    async def told(self, customer):
        page = (await self.api.get(f"/v1/context/{customer}/timeline")).json()
        return {item["text"] for item in page["items"]} - {"Where is my order?"}


def lasting(value):
    """Return an answer without the times and numbers of our own copies."""
    if isinstance(value, dict):
        return {name: lasting(each) for name, each in value.items() if name not in EPOCHS}
    if isinstance(value, list):
        return [lasting(each) for each in value]
    return value


@pytest.fixture
async def people(api):
    both = People(api)
    await both.begin()
    return both


async def refile(api):
    while await api.tick("refile_moved"):
        pass


async def test_undoing_a_merge_restores_both_contexts_and_timelines(api, people):
    before = await people.contexts()
    await project_customers(api, *people.merging())
    during = await people.contexts()
    assert during[0] == during[1] != before[0]
    assert len(during[0]["interactions"]) == 2
    await project_customers(api, *people.undoing())
    await refile(api)
    assert await people.contexts() == before


async def test_clocks_that_changed_while_two_were_one_go_back_with_their_conversation(api, people):
    before = await people.contexts()
    await project_customers(api, *people.merging())
    for context in before[:2]:
        [clock] = context["sla"]["clocks"]
        known = {"conversation_id": clock["conversation_id"], "customer_id": people.anna}
        warned = clock_event("warning", UUID(clock["clock_id"]), sequence=2, **known)
        await project_clocks(api, warned)
    during = await people.contexts()
    assert {clock["customer_id"] for clock in during[0]["sla"]["clocks"]} == {str(people.anna)}
    await project_customers(api, *people.undoing())
    assert [each["sla"] for each in await people.contexts() if "sla" in each] == [
        each["sla"] for each in before[:2]
    ]


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_and_repetition_of_a_merge_and_its_undoing_restores_both(api, people, seed):
    before = await people.contexts()
    shuffler = random.Random(seed)  # noqa: S311 - a shuffle needs no secrecy
    events = 2 * (people.merging() + people.undoing())
    shuffler.shuffle(events)
    while events:
        size = shuffler.randint(1, 4)
        await project_customers(api, *events[:size])
        events = events[size:]
    await refile(api)
    assert await people.contexts() == before


async def test_what_was_said_in_between_goes_to_the_side_whose_identifier_it_carried(api, people):
    await project_customers(api, *people.merging())
    asked = await people.say("Bo asks", BOS, customer_id=people.anna)
    await people.say("Anna asks", ANNAS, customer_id=people.anna)
    await people.say("somebody new", NEW, customer_id=people.anna)
    assert await people.told(people.bo) == {"Bo asks", "Anna asks", "somebody new"}
    await project_customers(api, *people.undoing(bos=(BOS, NEW)))
    await refile(api)
    assert await people.told(people.bo) == {"Bo asks", "somebody new"}
    assert await people.told(people.anna) == {"Anna asks"}
    feed = (await api.get("/v1/changes?limit=500")).json()["items"]
    attached = {i["interaction"]["text"] for i in feed if i["type"] == "interaction.attached"}
    assert attached == {"Bo asks", "somebody new"}
    found = await rows(
        api.service.database,
        "SELECT origin_customer_id FROM interaction WHERE interaction_id = :id",
        id=asked.interaction_id,
    )
    assert found == [(people.bo,)]


async def test_a_conversation_goes_with_its_contact_and_takes_the_answers_along(api, people):
    await project_customers(api, *people.merging())
    asked = await people.say("Bo asks", BOS, customer_id=people.anna, draft=_by_mail)
    reply = replace(a_reply(text="Bo is answered"), conversation_id=asked.conversation_id)
    answered = recording(replace(reply, received_at=NOW, channel="email", identifiers=()))
    await api.run(record_interactions, answered, now=NOW + timedelta(minutes=6))
    assert await people.told(people.anna) == {"Bo asks", "Bo is answered"}
    await project_customers(api, *people.undoing())
    await refile(api)
    assert await people.told(people.anna) == set()
    assert await people.told(people.bo) == {"Bo asks", "Bo is answered"}
    body = (await api.get(f"/v1/context/{people.bo}")).json()
    assert str(asked.conversation_id) in {c["conversation_id"] for c in body["conversations"]}
    assert {c["customer_id"] for c in body["sla"]["clocks"]} == {str(people.bo)}


def _by_mail(**changes):
    return a_draft(channel="email", **changes)


async def test_what_was_said_before_the_merge_stays_where_it_was_said(api, people):
    """Anna called from Bo's telephone once; the merge has nothing to do with it."""
    early = NOW - timedelta(hours=1)
    await people.say("Anna, from Bo's", BOS, customer_id=people.anna, at=early)
    await project_customers(api, *people.merging())
    await project_customers(api, *people.undoing())
    await refile(api)
    assert await people.told(people.anna) == {"Anna, from Bo's"}
    assert await people.told(people.bo) == set()


async def test_a_message_resolved_before_the_undoing_and_recorded_after_it_is_found(api, people):
    await project_customers(api, *people.merging())
    await project_customers(api, *people.undoing())
    await refile(api)
    await people.say("late", BOS, customer_id=people.anna)
    assert await people.told(people.anna) == {"late"}
    await _make_due(api)
    await refile(api)
    assert await people.told(people.bo) == {"late"}
    assert await rows(api.service.database, "SELECT * FROM refiling") == []


async def _make_due(api):
    from sqlalchemy import text

    async def due(tx):
        await tx.execute(text("UPDATE refiling SET next_attempt_at = clock_timestamp()"))

    await api.run(due)


async def test_a_long_history_is_walked_page_by_page_and_to_its_end(api, people, monkeypatch):
    monkeypatch.setattr("interactions.context.timers.refile_moved.BATCH", 3)
    await project_customers(api, *people.merging())
    for number in range(10):
        at = NOW + timedelta(minutes=number)
        await people.say(f"Bo {number}", BOS, customer_id=people.anna, at=at)
        await people.say(f"Anna {number}", ANNAS, customer_id=people.anna, at=at)
    await project_customers(api, *people.undoing())
    await refile(api)
    assert await people.told(people.bo) == {f"Bo {number}" for number in range(10)}
    assert await people.told(people.anna) == {f"Anna {number}" for number in range(10)}


async def test_the_middle_merge_of_a_chain_is_undone(api, people):
    """Bo went into Anna, Anna into Carl; Bo turns out to be somebody else."""
    carl = new_id()
    await project_customers(api, created(carl), *people.merging())
    chain = [
        merged(carl, [people.anna, people.bo], sequence=2),
        redirected(people.anna, carl, sequence=3),
    ]
    await project_customers(api, *chain)
    await people.say("Bo, in between", BOS, customer_id=carl)
    restored: dict[Any, Any] = {people.bo: (3, [])}
    undoing = [
        unmerged(each, carl, restored, sequence=3, identifiers=own)
        for each, own in ((carl, [ANNAS]), (people.bo, [BOS]))
    ]
    await project_customers(api, *undoing)
    await refile(api)
    found = await rows(api.service.database, "SELECT origin_id, canonical_id FROM customer_alias")
    assert dict(found) == {people.anna: carl, people.bo: people.bo, carl: carl}
    assert await people.told(people.bo) == {"Bo, in between"}
    assert await people.told(people.anna) == set()


async def test_a_split_takes_the_history_along_from_the_time_that_it_says(api, people):
    new = new_id()
    for hours, text in ((2, "long ago"), (0, "now")):
        await people.say(text, NEW, customer_id=people.anna, at=NOW - timedelta(hours=hours))
    since = NOW - timedelta(hours=1)
    await project_customers(
        api,
        created(new, identifiers=[NEW]),
        split(people.anna, new, [NEW], sequence=2, history_from=since),
    )
    await refile(api)
    assert await people.told(new) == {"now"}
    assert await people.told(people.anna) == {"long ago"}


async def test_a_split_without_a_time_leaves_the_history(api, people):
    new = new_id()
    await people.say("Anna's", NEW, customer_id=people.anna)
    await project_customers(
        api, created(new, identifiers=[NEW]), split(people.anna, new, [NEW], sequence=2)
    )
    await refile(api)
    assert await people.told(people.anna) == {"Anna's"}


async def test_shuffled_and_doubled_topics_give_one_read_model(database, fresh_dsn):
    """A history with a chain of merges, two undoings, a merge anew and claims."""
    a, b, c, d = (new_id() for _ in range(4))
    one, two, three = a_phone("+441"), a_phone("+442"), a_phone("+443")
    alone: dict[Any, Any] = {a: (4, [])}
    with_b: dict[Any, Any] = {b: (4, [])}
    told = [
        created(a, identifiers=[one]),
        created(b, identifiers=[two]),
        created(c, identifiers=[three]),
        created(d),
        claimed(d, one, held_by=a, sequence=2),
        updated(a, {"tier": "gold"}, sequence=2),
        merged(b, [a], sequence=2, identifiers=[one, two]),
        redirected(a, b, sequence=3),
        merged(c, [a, b], sequence=2, identifiers=[one, two, three]),
        redirected(b, c, sequence=3),
        unmerged(c, c, alone, sequence=3, identifiers=[two, three], merged_ids=[b]),
        unmerged(a, c, alone, sequence=4, identifiers=[one]),
        unmerged(c, c, with_b, sequence=4, identifiers=[three]),
        unmerged(b, c, with_b, sequence=4, identifiers=[two]),
        merged(a, [b], sequence=5, identifiers=[one, two]),
        redirected(b, a, sequence=5),
        identifier_event("removed", a, two, sequence=6),
    ]
    stream = customers_stream(begin_erasures)

    async def project(target, *records):
        await target.run(stream.apply, read_all(stream, records), now=NOW)

    for event in told:
        await project(database, event)
    expected = await _everything(database)
    assert {row[1]: row[2] for row in expected[0]} == {a: a, b: a, c: c, d: d}
    shuffler = random.Random(20261130)  # noqa: S311 - a shuffle needs no secrecy
    for _ in range(12):
        other = Database(PostgresSettings(dsn=fresh_dsn("interactions")), service="interactions")
        events = told + told
        shuffler.shuffle(events)
        while events:
            size = shuffler.randint(1, 6)
            await project(other, *events[:size])
            events = events[size:]
        found = await _everything(other)
        await other.close()
        assert found == expected


async def _everything(database):
    return (
        *await read_model(database),
        await rows(
            database,
            "SELECT customer_id, version, target_id FROM customer_pointer ORDER BY 1, 2",
        ),
        await rows(
            database,
            "SELECT customer_id, version, occurred_at, recorded_at, content::text"
            " FROM customer_version ORDER BY 1, 2",
        ),
        await rows(database, "SELECT claimant_id, value, held_by FROM customer_claim ORDER BY 1"),
    )
