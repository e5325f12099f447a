"""Resolution by identity, in a tenant with up to a million identifiers."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial

import asyncpg

from benchmarks.machine import limits
from benchmarks.machine.limits import Limit, Script
from benchmarks.output.marks import per_second, within
from benchmarks.output.table import Row, row_of
from benchmarks.site import Bench, Site
from benchmarks.workload import people
from benchmarks.workload.load import request
from identifiers import NORMALISER_VERSION
from identity.resolution.store.connected import KNOWN

CONNECTIONS = (1, 8)
BATCH = 100
P95_MS, BATCHED_PER_SECOND = 10, 1_000
API = "identity api"
PAIRS = tuple(f"{end}_{part}s" for end in ("low", "high") for part in ("type", "scope", "value"))

ResolutionRequest = dict[str, object]
"""The body of one resolution."""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for single known senders, then for batches of known and of new senders."""
    customers = bench.size.identifiers // 2
    with bench.site("resolve") as site:
        asyncio.run(write_customers(site.dsn("identity"), customers))
        site.start(API)
        for n in CONNECTIONS:
            yield _single(bench, site, customers, n)
        yield _known_batches(bench, site, customers)
        yield _new_batches(bench, site)
        with bench.plans.recorded("resolve"):
            bench.try_out(site, API, partial(_ask_one, site.key, customers))
            bench.try_out(site, API, partial(_ask_many, site.key, customers))
            bench.try_out(site, API, partial(_create_many, site.key, "plans"))


def _single(bench: Bench, site: Site, customers: int, n: int) -> Row:
    limit = limits.pgbench(bench, site.dsn("identity"), _script(customers, 1), clients=n)
    sample = bench.load(site, API, partial(_ask_one, site.key, customers), n)
    marks = [within(P95_MS, sample.latencies.p95, "p95 ms")]
    return row_of(f"resolve, known, {n} conn.", sample, {"pgbench": limit}, marks=marks)


def _known_batches(bench: Bench, site: Site, customers: int) -> Row:
    whole = limits.pgbench(bench, site.dsn("identity"), _script(customers, BATCH), clients=1)
    each = Limit(whole.per_second * BATCH, whole.postgres_ms / BATCH)
    sample = bench.load(site, API, partial(_ask_many, site.key, customers), 1)
    marks = [per_second(BATCHED_PER_SECOND, sample.per_second * BATCH)]
    name = f"resolve, known, batches of {BATCH}, 1 conn."
    return row_of(name, sample, {"pgbench": each}, each=BATCH, marks=marks)


def _new_batches(bench: Bench, site: Site) -> Row:
    sample = bench.load(site, API, partial(_create_many, site.key, "new"), 1)
    marks = [per_second(BATCHED_PER_SECOND, sample.per_second * BATCH)]
    name = f"resolve, new, batches of {BATCH}, 1 conn."
    return row_of(name, sample, {}, each=BATCH, marks=marks)


def _ask_one(key: str, customers: int, n: int) -> bytes:
    body = json.dumps(_phone(1 + n * 7919 % customers)).encode()
    return request("POST", "/v1/identities/resolve", key=key, body=body)


def _ask_many(key: str, customers: int, n: int) -> bytes:
    numbers = range(n * BATCH, (n + 1) * BATCH)
    return _batch(key, [_phone(1 + i * 7919 % customers) for i in numbers])


def _create_many(key: str, run: str, n: int) -> bytes:
    """Return a batch of unknown email addresses, each of which creates a customer."""
    numbers = range(n * BATCH, (n + 1) * BATCH)
    return _batch(key, [_resolution_request("email", f"{run}.{i}@example.org") for i in numbers])


def _batch(key: str, items: list[ResolutionRequest]) -> bytes:
    body = json.dumps({"items": items}).encode()
    return request("POST", "/v1/identities/resolve/batch", key=key, body=body)


def _phone(number: int) -> ResolutionRequest:
    return _resolution_request("phone", people.phone(number))


def _resolution_request(kind: str, value: str) -> ResolutionRequest:
    return {"identifiers": [{"type": kind, "value": value, "level": "channel_proved"}]}


def _script(customers: int, at_once: int) -> Script:
    """Return the lookup of ``at_once`` telephone numbers, as a resolution sends it."""
    numbers = f"SELECT 1 + (:n + i * 7919) % {customers} AS n FROM generate_series(1, {at_once}) i"
    return Script(
        KNOWN.text,
        {
            "tenant_id": "'demo'::text",
            "now": "now()",
            **dict.fromkeys(PAIRS, "'{}'::text[]"),
            "types": f"array_fill('phone'::text, ARRAY[{at_once}])",
            "scopes": f"array_fill(''::text, ARRAY[{at_once}])",
            "values": f"ARRAY(SELECT '+4420' || lpad(n::text, 8, '0') FROM ({numbers}) x)",
            "digests": f"ARRAY(SELECT sha256(int8send(n)) FROM ({numbers}) x)",
        },
        numbers=customers,
    )


async def write_customers(dsn: str, customers: int) -> None:
    """Write customers, each with a telephone number and an email address."""
    connection = await asyncpg.connect(dsn)
    try:
        # The rows are consistent; checking every foreign key would take a minute.
        await connection.execute("SET session_replication_role = replica")
        for statement in _STATEMENTS:
            await connection.execute(statement, customers)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


_CUSTOMERS = (
    f"""(SELECT n, {people.id_sql("n")}::uuid AS id FROM generate_series(1, $1::int) n) c"""
)
_STATEMENTS = (
    f"""
    INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)
    SELECT 'demo', id, 3, now(), now(), '{{}}' FROM {_CUSTOMERS}
    """,
    f"INSERT INTO customer_alias SELECT 'demo', id, id FROM {_CUSTOMERS}",
    f"""
    INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id, source,
                            normaliser_version, first_seen_at)
    SELECT 'demo', i.type, '', i.value, i.value, 'verified', id, 'crm',
           {NORMALISER_VERSION}, now()
      FROM {_CUSTOMERS}, LATERAL (VALUES ('phone', '+4420' || lpad(n::text, 8, '0')),
                                         ('email', n || '@example.org')) i (type, value)
    """,
)
