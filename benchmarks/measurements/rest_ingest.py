"""Interactions from known senders over REST, singly and in batches."""

from collections.abc import Iterator
from functools import partial

from benchmarks.machine import bulk, limits
from benchmarks.machine.limits import Limit, Script
from benchmarks.output.marks import per_second
from benchmarks.output.table import Row, row_of
from benchmarks.site import Bench, Site
from benchmarks.workload import messages, people
from benchmarks.workload.load import request
from benchmarks.workload.people import People

CONNECTIONS = (1, 8, 32)
BATCH = 1_000
BATCHES_AT_ONCE = (1, 2)
SINGLE_PER_SECOND, BATCHED_PER_SECOND = 600, 8_000
API = "interactions api"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for batches, then for single interactions without and with an Idempotency-Key."""
    customers = bench.size.customers
    with bench.site("rest_ingest") as site:
        people.write_people(site.dsn("interactions"), [People(first=1, count=customers, history=3)])
        site.start(API)
        for n in BATCHES_AT_ONCE:
            yield _batches(bench, site, n)
        for n in CONNECTIONS:
            limit = limits.pgbench(bench, site.dsn("interactions"), _script(bench), clients=n)
            yield _single(bench, site, limit, n, with_key=False)
            yield _single(bench, site, limit, n, with_key=True)
        with bench.plans.recorded("rest_ingest"):
            single = partial(_one, site.key, "plan-one", customers, with_key=True)
            bench.try_out(site, API, single)
            bench.try_out(site, API, partial(_batch, site.key, "plan-many", customers))


def _single(bench: Bench, site: Site, limit: Limit, n: int, *, with_key: bool) -> Row:
    run = f"{'keyed' if with_key else 'plain'}-{n}"
    requests = partial(_one, site.key, run, bench.size.customers, with_key=with_key)
    sample = bench.load(site, API, requests, n)
    return row_of(
        f"REST ingest, {'with key' if with_key else 'without key'}, {n} conn.",
        sample,
        {"pgbench insert": limit},
        marks=[per_second(SINGLE_PER_SECOND, sample.per_second)] if n > 1 else [],
    )


def _batches(bench: Bench, site: Site, n: int) -> Row:
    requests = partial(_batch, site.key, f"batch-{n}", bench.size.customers)
    sample = bench.load(site, API, requests, n)
    limit = bulk.rewrite(
        site.dsn("interactions"), site.meter(API), interactions=sample.count * BATCH
    )
    return row_of(
        f"REST ingest, batches of {BATCH:,}, {n} conn.",
        sample,
        {"bulk insert": limit},
        each=BATCH,
        marks=[per_second(BATCHED_PER_SECOND, sample.per_second * BATCH)],
    )


def _one(key: str, run: str, customers: int, n: int, *, with_key: bool) -> bytes:
    body = messages.body(run, n, messages.sender(customers, n))
    more = f"Idempotency-Key: {run}-{n}\r\n" if with_key else ""
    return request("POST", "/v1/interactions", key=key, body=body, more=more)


def _batch(key: str, run: str, customers: int, n: int) -> bytes:
    numbers = range(n * BATCH, (n + 1) * BATCH)
    items = b",".join(messages.body(run, i, messages.sender(customers, i)) for i in numbers)
    path = "/v1/interactions/batch"
    return request("POST", path, key=key, body=b'{"items":[' + items + b"]}")


def _script(bench: Bench) -> Script:
    """Return the minimum for one interaction: its row and its event, in one statement."""
    return Script(_INSERT, {"customer": f"{people.id_sql(':n::int')}::uuid"}, bench.size.customers)


_INSERT = """
WITH event AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, topic, key_hash, tenant_id,
                        headers)
    VALUES (gen_random_uuid(), 'conversations', gen_random_uuid()::text,
            'interactions.interaction.recorded', repeat('x', 1500), 'interactions.conversations',
            :n, 'demo', jsonb_build_object('ce_id', repeat('y', 500)))
)
INSERT INTO interaction (tenant_id, origin_customer_id, interaction_id, conversation_id, sequence,
    channel, kind, direction, author_type, author_name, text, data, identifiers, provider_name,
    provider_account, provider_message_id, occurred_at, received_at, recorded_at, time_source)
VALUES ('demo', :customer, gen_random_uuid(), gen_random_uuid(), nextval('interaction_sequence'),
    'sms', 'message', 'inbound', 'customer', 'Anna Berg',
    'Where is order 118? It should have arrived last week already.', '{"order": "118"}',
    '[{"type": "phone", "value": "+442079460018"}]', 'twilio', 'AC1', gen_random_uuid()::text,
    now(), now(), now(), 'default')
"""
