"""How Postgres goes about our reads: by index, one partition an id, no more rows than are shown."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from common.db import Database
from common.ids import new_id
from common.service import STEADY_PLANS
from common.settings import PostgresSettings
from devstack.testing.observation.plans import explain_kept_plan
from identifiers import NORMALISER_VERSION
from interactions.context.domain.search import read_search
from interactions.context.parts import PART_NAMES
from interactions.context.parts.insights import WINDOW
from interactions.context.parts.interactions import INTERACTIONS_SHOWN
from interactions.context.parts.sla import BREACHES_SHOWN
from interactions.context.store import change_feed, timeline
from interactions.context.store.statement import context_statement
from services.interactions.tests.context_rows import a_conversation

MEMBERS, HISTORY = 10, 2_000
CROWD = 20_000
BREACHES = 500

_BREACHES = """
    INSERT INTO sla_clock (tenant_id, clock_id, conversation_id, customer_id, version, metric,
                           cycle, state, due_at, breached_at, body, recorded_at)
    SELECT 'demo', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'resolution', 1,
           'breached', now(), now(), '{}', now() FROM generate_series(1, :breaches)
"""

_BREACHES_OF_ONE = """
    INSERT INTO sla_clock (tenant_id, clock_id, conversation_id, customer_id, version, metric,
                           cycle, state, due_at, breached_at, body, recorded_at)
    SELECT 'demo', gen_random_uuid(), :conversation, :customer, 1, 'next_response', n,
           'breached', now(), now() - n * interval '1 hour', '{}', now()
      FROM generate_series(1, :breaches) n
"""

_FILL = (
    """
    INSERT INTO customer_alias
    SELECT 'demo', g, g FROM (SELECT gen_random_uuid() AS g FROM generate_series(1, :crowd)) s
    """,
    """
    INSERT INTO customer_profile (tenant_id, customer_id, version, updated_at)
    SELECT 'demo', origin_id, 1, now() FROM customer_alias
    """,
    """
    INSERT INTO customer_alias SELECT 'demo', m, :customer FROM unnest(cast(:members AS uuid[])) m
    """,
    f"""
    INSERT INTO known_identifier
        (tenant_id, type, lookup_key, customer_id, level, normaliser_version)
    SELECT 'demo', 'phone', '+' || row_number() OVER (), origin_id, 'verified', {NORMALISER_VERSION}
    FROM customer_alias
    """,
    """
    INSERT INTO customer_claim
    SELECT 'demo', origin_id, 'email', '', 'a@nordlys.test', 'a@nordlys.test', 'claimed',
           gen_random_uuid(), now(), now() + interval '90 days'
      FROM customer_alias
    """,
    """
    INSERT INTO conversation (tenant_id, conversation_id, origin_customer_id, channel, status,
                              version, opened_at, last_activity_at)
    SELECT 'demo', gen_random_uuid(), origin_id, 'sms',
           CASE WHEN random() < 0.1 THEN 'open' ELSE 'closed' END, 1, now(), now()
      FROM customer_alias
    """,
    """
    INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id,
        sequence, channel, kind, direction, author_type, text, occurred_at, received_at,
        recorded_at, time_source)
    SELECT 'demo', m, gen_random_uuid(), gen_random_uuid(), nextval('interaction_sequence'), 'sms',
           'message', 'inbound', 'customer', 'where is parcel no' || n,
           now() - n * interval '1 hour', now(), now(), 'provider'
      FROM unnest(cast(:members AS uuid[])) m, generate_series(1, :history) n
    """,
    """
    INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id,
        sequence, channel, kind, direction, author_type, text, occurred_at, received_at,
        recorded_at, time_source)
    SELECT 'demo', origin_customer_id, gen_random_uuid(), conversation_id,
           nextval('interaction_sequence'), 'sms', 'message', 'inbound', 'customer', 'hello there',
           now(), now(), now(), 'provider'
      FROM conversation
    """,
    """
    INSERT INTO change (tenant_id, sequence, type, recorded_at, conversation_id, customer_id,
                        interaction_id)
    SELECT tenant_id, sequence, 'interaction.recorded', now(), conversation_id, origin_customer_id,
           interaction_id FROM interaction
    """,
    """
    INSERT INTO sla_clock
    SELECT 'demo', gen_random_uuid(), conversation_id, origin_customer_id, 1, 'first_response', 1,
           CASE WHEN breached THEN 'breached' ELSE 'running' END, now(),
           CASE WHEN breached THEN now() END, '{}', now()
      FROM (SELECT *, random() < 0.5 AS breached FROM conversation) c
    """,
)


@asynccontextmanager
async def opened(dsn):
    settings = PostgresSettings(
        dsn=dsn, pool_size=20, pool_timeout_seconds=10, session=dict(STEADY_PLANS)
    )
    database = Database(settings, service="interactions")
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def database(postgres_server, templates):
    """One for all tests that only read: filling it takes seconds."""
    name = templates.clone("interactions")
    async with opened(postgres_server.dsn(name)) as shared:
        yield shared
    await asyncio.to_thread(templates.drop, [name])


@pytest.fixture(scope="module")
async def customer(database):
    return await fill(database)


async def fill(database):
    """Return somebody with many ids and a long history, in a crowd."""
    members = [new_id() for _ in range(MEMBERS)]
    values = {"customer": members[0], "members": members, "history": HISTORY, "crowd": CROWD}

    async def write(tx):
        for statement in _FILL:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            await tx.execute(text(statement), used)

    await database.run(write)

    async def analyze(connection):
        await connection.execute(text("SET default_transaction_read_only = off"))
        await connection.execute(text("VACUUM ANALYZE"))

    await database.read(analyze, deadline_seconds=60)
    return members[0]


async def plan_of(database, statement, values):
    async def explain(connection):
        return await explain_kept_plan(
            connection, statement, values, options="ANALYZE, BUFFERS, FORMAT JSON"
        )

    return list(nodes(await database.read(explain)))


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scans(plan):
    """Return the executed scans of stored tables; the few rows of progress do not count."""
    return [
        node
        for node in plan
        if node.get("Relation Name", "consumer_progress") != "consumer_progress"
        and node["Actual Loops"]
    ]


def assert_by_index(plan):
    walked = [n["Relation Name"] for n in scans(plan) if n["Node Type"] == "Seq Scan"]
    assert walked == []


def rows_read(plan, table="interaction_"):
    """Return how many interactions were read, those that a filter threw away too."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in scans(plan)
        if node["Relation Name"].startswith(table)
    )


async def test_a_context_reads_by_index_and_only_what_it_shows(database, customer):
    statement = context_statement("id", PART_NAMES)
    values = {"tenant_id": "demo", "customer_id": customer, "customers": "c", "clocks": "k"}
    plan = await plan_of(database, statement, values)
    assert_by_index(plan)
    shown = MEMBERS * INTERACTIONS_SHOWN
    assert shown <= rows_read(plan) <= shown + WINDOW + MEMBERS
    touched = sum(
        node["Actual Loops"]
        for node in scans(plan)
        if node["Relation Name"].startswith("interaction_")
    )
    assert touched == 2 * MEMBERS  # one partition for each id, in each of the two reads


async def test_the_context_of_merged_long_histories_reads_little_more_than_of_short_ones(fresh_dsn):
    """Counted in pages of Postgres, the measure that no busy machine changes."""
    async with opened(fresh_dsn("interactions")) as database:
        await fill(database)
        pages = {history: await _pages_of_merged(database, history) for history in (20, 10_000)}
    assert pages[10_000] <= 2 * pages[20]


async def _pages_of_merged(database, history):
    """Return how many pages the context of two merged customers takes to read."""
    one, two = new_id(), new_id()
    fill_history = next(each for each in _FILL if ":history" in each)

    async def write(tx):
        for member in (one, two):
            values = {"member": member, "canonical": two}
            alias = text("INSERT INTO customer_alias VALUES ('demo', :member, :canonical)")
            await tx.execute(alias, values)
        await tx.execute(text(fill_history), {"members": [one, two], "history": history})

    await database.run(write)
    values = {"tenant_id": "demo", "customer_id": one, "customers": "c", "clocks": "k"}
    statement = context_statement("id", PART_NAMES)
    plan: list[Any] = []
    for _ in range(2):  # The first time, pages are made ready for all who follow.
        plan = await plan_of(database, statement, values)
    return plan[0]["Shared Hit Blocks"] + plan[0]["Shared Read Blocks"]


async def test_breaches_of_other_customers_are_not_read_even_without_statistics(fresh_dsn):
    async with opened(fresh_dsn("interactions")) as database:
        customer = await fill(database)

        async def breach(tx):
            await tx.execute(text("UPDATE sla_clock SET state = 'running', breached_at = NULL"))
            await tx.execute(text("ANALYZE sla_clock"))
            await a_conversation(tx, customer)
            await tx.execute(text(_BREACHES), {"breaches": BREACHES})

        await database.run(breach)
        statement = context_statement("id", ("sla",))
        values = {"tenant_id": "demo", "customer_id": customer, "customers": "c", "clocks": "k"}
        plan = await plan_of(database, statement, values)
    assert rows_read(plan, "sla_clock") <= 2 * MEMBERS


@pytest.mark.parametrize("claimed", [True, False])
async def test_a_context_reads_few_clocks_of_a_long_conversation(fresh_dsn, claimed):
    """Whether sla knows the conversation's customer or not."""
    async with opened(fresh_dsn("interactions")) as database:
        customer = await fill(database)

        async def breach(tx):
            conversation = await a_conversation(tx, customer)
            values = {"breaches": 20_000, "conversation": conversation}
            values["customer"] = customer if claimed else None
            await tx.execute(text(_BREACHES_OF_ONE), values)

        await database.run(breach)
        statement = context_statement("id", ("sla",))
        values = {"tenant_id": "demo", "customer_id": customer, "customers": "c", "clocks": "k"}
        plan = await plan_of(database, statement, values)
    assert BREACHES_SHOWN <= rows_read(plan, "sla_clock") <= 2 * BREACHES_SHOWN + 2 * MEMBERS


async def test_a_lookup_reads_by_index(database, customer):
    assert customer
    statement = context_statement("identifier", PART_NAMES)
    values = {
        "tenant_id": "demo",
        "type": "phone",
        "scope": "",
        "lookup_key": "+77",
        "customers": "c",
        "clocks": "k",
    }
    assert_by_index(await plan_of(database, statement, values))


async def tables_read_by_lookup(database, lookup_key, bound_to=None):
    """Return the tables that a look-up reads, once for each time that it does."""
    statement = context_statement("identifier", PART_NAMES, bound=bound_to is not None)
    values = {"tenant_id": "demo", "type": "phone", "scope": "", "lookup_key": lookup_key}
    values |= {"customers": "c", "clocks": "k"}
    values |= {} if bound_to is None else {"bound_to": bound_to}
    plan = await plan_of(database, statement, values)
    assert_by_index(plan)
    return Counter(n["Relation Name"] for n in scans(plan) for _ in range(n["Actual Loops"]))


async def test_a_bound_caller_cannot_tell_a_strangers_number_from_nobodys(database, customer):
    """What is read tells more exactly than the time that it takes."""
    nobodys = await tables_read_by_lookup(database, "+no", bound_to=customer)
    strangers = await tables_read_by_lookup(database, "+77", bound_to=customer)
    assert set(strangers - nobodys) <= {"customer_alias"}
    assert (strangers - nobodys).total() <= 2
    assert len(await tables_read_by_lookup(database, "+77")) > len(strangers)


async def test_a_bound_caller_reads_nothing_about_another_customer(database, customer):
    values = {"tenant_id": "demo", "customer_id": customer, "bound_to": new_id()}
    context = context_statement("id", PART_NAMES, bound=True)
    page = timeline._statement(frozenset(), bound=True)
    for statement, more in ((context, {"customers": "c", "clocks": "k"}), (page, {"limit": 50})):
        plan = await plan_of(database, statement, values | more)
        assert {node["Relation Name"] for node in scans(plan)} == {"customer_alias"}


async def test_a_page_of_the_timeline_reads_a_page_of_each_id(database, customer):
    statement = timeline._statement(frozenset())
    values = {"tenant_id": "demo", "customer_id": customer, "limit": 50}
    plan = await plan_of(database, statement, values)
    assert_by_index(plan)
    assert rows_read(plan) <= MEMBERS * 51


async def test_a_search_goes_through_the_word_index(database, customer):
    statement = timeline._statement(frozenset({"search"}))
    search = read_search("parcel no1777 ")
    values = {
        "tenant_id": "demo",
        "customer_id": customer,
        "limit": 50,
        "typed": search.typed,
        "head": search.head,
        "prefix": search.prefix,
    }
    plan = await plan_of(database, statement, values)
    assert_by_index(plan)
    assert rows_read(plan) == MEMBERS


async def test_the_change_feed_reads_a_page(database, customer):
    assert customer
    values = {"tenant_id": "demo", "after": 100, "safe": 10**9, "limit": 100}
    plan = await plan_of(database, change_feed._LIST, values)
    assert_by_index(plan)
    assert rows_read(plan) <= 100
