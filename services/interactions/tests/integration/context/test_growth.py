"""What the copy of identity's customers costs does not depend on how many customers there are.

Also while Postgres has no statistics of its tables, as on the first day of an import.
"""

import pytest
from sqlalchemy import text

from common.ids import new_id
from devstack.testing.costs import cost_of
from interactions.context.consumers.customers import apply_customers, customers_stream
from interactions.context.store.statement import context_statement
from interactions.context.usecases.rekey_customers import rekey_customers
from interactions.history import NOBODY
from interactions.history.domain.contact import Identifier, Level
from interactions.history.store.identifiers import find_known, save_identifiers
from interactions.privacy.usecases.erase_people import begin_erasures
from services.interactions.tests.context_rows import (
    NOW,
    TENANT,
    created,
    identifier_event,
    merged,
    read_all,
    redirected,
)

BATCH, BATCHES = 50, 20


def emails(name):
    return [Identifier("email", f"{name}-{n}@nordlys.se") for n in range(BATCH)]


def learned(name):
    return [(new_id(), [email]) for email in emails(name)]


def shown(email, level=Level.CLAIMED):
    return {"type": "email", "value": email.value, "scope": None, "level": level}


def check_same(last, first):
    """A row that has just died may be read once more."""
    assert last.statements == first.statements
    assert last.rows <= first.rows + BATCH // 2


@pytest.fixture
def cost(api):
    """Returns a function from work and its arguments to what it costs."""

    async def measured(work, *args, **kwargs):
        return await cost_of(api.service.database, work, *args, **kwargs)

    return measured


async def projected(cost, records):
    events = read_all(customers_stream(begin_erasures), records)
    return await cost(apply_customers, events, begin_erasures, now=NOW)


async def crowd(cost):
    """Add customers, in the transactions and on the connections that tests measure."""
    for number in range(BATCHES):
        await cost(save_identifiers, TENANT, learned(f"crowd-{number}"), now=NOW)


async def test_looking_up_and_learning_costs_the_same_among_many(cost):
    keys = [email.key for email in emails("known")]
    await cost(save_identifiers, TENANT, learned("known"), now=NOW)
    first = [await cost(find_known, TENANT, keys=keys, ids=[new_id()]) for _ in range(8)]
    learning = await cost(save_identifiers, TENANT, learned("first"), now=NOW)
    await crowd(cost)
    check_same(await cost(find_known, TENANT, keys=keys, ids=[new_id()]), first[-1])
    assert first[-1].rows <= 3 * BATCH
    check_same(await cost(save_identifiers, TENANT, learned("last"), now=NOW), learning)


async def test_a_lookup_in_contexts_costs_the_same_among_many(cost):
    await cost(save_identifiers, TENANT, learned("known"), now=NOW)
    values = {"type": "email", "scope": "", "lookup_key": "known-7@nordlys.se"}
    values |= {"tenant_id": TENANT, "customers": "c", "clocks": "k"}

    async def look_up(tx):
        await tx.execute(context_statement("identifier", ()), values)

    first = [await cost(look_up) for _ in range(8)]
    await crowd(cost)
    check_same(await cost(look_up), first[-1])


async def test_projecting_a_batch_costs_the_same_among_many(cost):
    async def lives():
        """Project customers who come, lose their address and are merged; return the costs."""
        customers = [(new_id(), email) for email in emails(new_id().hex)]
        births = [created(c, identifiers=[shown(email)]) for c, email in customers]
        losses = [identifier_event("removed", c, shown(e), sequence=2) for c, e in customers]
        pairs = zip(customers[::2], customers[1::2], strict=True)
        merges = [merged(a, [b], sequence=3) for (a, _), (b, _) in pairs]
        return [await projected(cost, records) for records in (births, losses, merges)]

    for _ in range(8):  # Until connections keep their plans.
        first = await lives()
    await crowd(cost)
    for last, before in zip(await lives(), first, strict=True):
        check_same(last, before)


async def test_rekeying_a_batch_costs_the_same_among_many(cost, api):
    async def rekeyed():
        await api.run(_age)
        return await cost(rekey_customers, count=BATCH)

    for name in ("first", "second"):
        births = [created(new_id(), identifiers=[shown(email)]) for email in emails(name)]
        await projected(cost, births)
    first = [await rekeyed() for _ in range(8)][-1]
    await crowd(cost)
    check_same(await rekeyed(), first)


async def test_a_merge_costs_the_same_for_long_histories_and_touches_none(cost, api):
    """Every row that is read or written is counted, those of interactions apart."""

    async def merging(history):
        one, two = new_id(), new_id()
        await projected(cost, [created(one), created(two)])
        values = {"customers": [one, two], "history": history}
        await api.run(lambda tx: tx.execute(_HISTORY, values))
        touched = []

        async def merge(tx):
            records = [merged(two, [one], sequence=2), redirected(one, two, sequence=2)]
            before = (await tx.execute(_TOUCHED)).scalar_one()
            events = read_all(customers_stream(begin_erasures), records)
            await apply_customers(tx, events, begin_erasures, now=NOW)
            touched.append((await tx.execute(_TOUCHED)).scalar_one() - before)

        return await cost(merge), touched

    for _ in range(8):  # Until connections keep their plans.
        short, _ = await merging(1)
    long, touched = await merging(5_000)
    assert touched == [0]
    assert long.statements == short.statements
    assert long.rows <= short.rows + 5


_HISTORY = text(
    """
    INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id,
        sequence, channel, kind, direction, author_type, text, occurred_at, received_at,
        recorded_at, time_source)
    SELECT 'demo', c, gen_random_uuid(), gen_random_uuid(), nextval('interaction_sequence'), 'sms',
           'message', 'inbound', 'customer', 'hello', now(), now(), now(), 'given'
      FROM unnest(cast(:customers AS uuid[])) c, generate_series(1, cast(:history AS int))
    """
)
_TOUCHED = text(
    """
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)
               + n_tup_ins + n_tup_upd + n_tup_del)::bigint
      FROM pg_stat_xact_user_tables WHERE relname LIKE 'interaction\\_%'
    """
)


async def _age(tx):
    """Take the keys of profiles back to an older version, and the work to its beginning."""
    await tx.execute(
        text(
            "UPDATE known_identifier k SET normaliser_version = 1 FROM customer_profile p"
            " WHERE p.tenant_id = k.tenant_id AND p.customer_id = k.customer_id"
        )
    )
    again = "UPDATE rekeying SET tenant_id = '', customer_id = :nobody, finished = false"
    await tx.execute(text(again), {"nobody": NOBODY})
