"""Resolution and search in one table of customers, while it grows to a million."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import asyncpg

from benchmarks.machine import limits
from benchmarks.machine.limits import Script
from benchmarks.measurements.resolve import PAIRS
from benchmarks.output.marks import Mark, at_least, at_most, per_second, within
from benchmarks.output.table import Row, row_of
from benchmarks.site import Bench, Site
from benchmarks.workload import people
from benchmarks.workload.load import Sample, request
from identifiers import NORMALISER_VERSION
from identity.resolution.store.connected import KNOWN

API = "identity api"
CONNECTIONS = 8
BATCH = 1_000
P95_MS, SEARCH_P95_MS, SHARE, BATCHED_PER_SECOND, TIMES = 10, 100, 0.15, 3_000, 1.5
GIVEN = ("anna", "bo", "carl", "doris", "emil", "frida", "gustav", "hanna", "ivar", "jonna")
FAMILY = ("lind", "berg", "dal", "sund", "ek", "alm", "holm", "ros", "gren", "kvist")

Ask = Callable[[str, int, int], bytes]


@dataclass(frozen=True)
class Question:
    """A request, by the key of the caller, the number of customers and its own number."""

    what: str
    ask: Ask
    p95_ms: float
    connections: int = 1


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for each size of the tenant; the last says how much dearer it is than the first.

    Each customer has a telephone number, an email address, a number of its own and a name.
    """
    first: dict[str, Sample] = {}
    filled = 0
    with bench.site("scale") as site:
        for customers in bench.size.tenant:
            asyncio.run(_grow(site.dsn("identity"), filled, customers))
            if not filled:
                site.start(API)
            filled = customers
            for question in QUESTIONS:
                yield _asked(bench, site, question, customers, first)
            yield _batches(bench, site, customers)
        with bench.plans.recorded("scale"):
            for question in QUESTIONS:
                bench.try_out(site, API, partial(question.ask, site.key, filled))


def _asked(
    bench: Bench, site: Site, question: Question, customers: int, first: dict[str, Sample]
) -> Row:
    ask = partial(question.ask, site.key, customers)
    sample = bench.load(site, API, ask, question.connections)
    of_first = first.setdefault(question.what, sample)
    marks: list[Mark] = [within(question.p95_ms, sample.latencies.p95, "p95 ms")]
    if customers == bench.size.tenant[-1]:
        times = sample.latencies.p50 / of_first.latencies.p50
        marks.append(at_most(TIMES, times, f"times {bench.size.tenant[0]:,}"))
    bounds = {}
    if question.ask is _ask_known:
        limit = limits.pgbench(bench, site.dsn("identity"), _script(customers), clients=1)
        bounds = {"pgbench, 1": limit}
        marks.append(at_least(SHARE, sample.per_second / limit.per_second, "of pgbench"))
    return row_of(f"{question.what}, {customers:,} customers", sample, bounds, marks=marks)


def _batches(bench: Bench, site: Site, customers: int) -> Row:
    sample = bench.load(site, API, partial(_ask_batch, site.key, customers), 1)
    marks = [per_second(BATCHED_PER_SECOND, sample.per_second * BATCH)]
    name = f"resolve, known, batches of {BATCH:,}, {customers:,} customers"
    return row_of(name, sample, {}, each=BATCH, marks=marks)


def _customer(customers: int, n: int) -> int:
    """Return the number of a customer, far from those asked for before."""
    return 1 + n * 7919 % customers


def _ask_known(key: str, customers: int, n: int) -> bytes:
    return _resolve(key, _known(customers, n))


def _ask_together(key: str, customers: int, n: int) -> bytes:
    """Present what a customer has, which brings evidence the first time."""
    number = _customer(customers, n)
    phone = ("phone", people.phone(number), "channel_proved")
    return _resolve(key, _item(phone, ("email", f"{number}@example.org", "channel_proved")))


def _ask_new(key: str, customers: int, n: int) -> bytes:
    phone = ("phone", people.phone(_customer(customers, n)), "channel_proved")
    new = ("email", f"{customers}.{n}@example.net", "channel_proved")
    return _resolve(key, _item(phone, new))


def _ask_batch(key: str, customers: int, n: int) -> bytes:
    items = [_known(customers, i) for i in range(n * BATCH, (n + 1) * BATCH)]
    body = json.dumps({"items": items}).encode()
    return request("POST", "/v1/identities/resolve/batch", key=key, body=body)


def _search_similar(key: str, customers: int, n: int) -> bytes:
    """Search a name with two letters swapped, of which there is one in the tenant."""
    number = _customer(customers, n)
    given, family = _name(number)
    return _search(key, {"name": f"{given} {family[1]}{family[0]}{family[2:]}{number}"})


def _search_common(key: str, _customers: int, n: int) -> bytes:
    """Search what a tenth of all customers are called."""
    return _search(key, {"name": GIVEN[n % len(GIVEN)]})


def _search_prefix(key: str, customers: int, n: int) -> bytes:
    return _search(key, {"name_prefix": " ".join(_name(_customer(customers, n)))})


def _search_identifier(key: str, customers: int, n: int) -> bytes:
    value = f"{_customer(customers, n)}@Example.org"
    return _search(key, {"identifier": {"type": "email", "value": value}})


def _name(number: int) -> tuple[str, str]:
    """Return the given name of a customer, and the family name but for its number."""
    return GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]


def _known(customers: int, n: int) -> dict[str, object]:
    return _item(("phone", people.phone(_customer(customers, n)), "channel_proved"))


def _item(*identifiers: tuple[str, str, str]) -> dict[str, object]:
    shown = [{"type": kind, "value": value, "level": level} for kind, value, level in identifiers]
    return {"identifiers": shown}


def _resolve(key: str, item: dict[str, object]) -> bytes:
    body = json.dumps(item).encode()
    return request("POST", "/v1/identities/resolve", key=key, body=body)


def _search(key: str, criteria: dict[str, object]) -> bytes:
    body = json.dumps({**criteria, "limit": 20}).encode()
    return request("POST", "/v1/customers/search", key=key, body=body)


QUESTIONS = (
    Question("resolve, known, 8 conn.", _ask_known, P95_MS, CONNECTIONS),
    Question("resolve, known together", _ask_together, P95_MS),
    Question("resolve, a new address", _ask_new, P95_MS),
    Question("search, similar name", _search_similar, SEARCH_P95_MS),
    Question("search, common name", _search_common, SEARCH_P95_MS),
    Question("search, prefix", _search_prefix, SEARCH_P95_MS),
    Question("search, identifier", _search_identifier, P95_MS),
)


def _script(customers: int) -> Script:
    """Return the look-up of one telephone number, as a resolution sends it."""
    number = f"1 + :n * 7919 % {customers}"
    return Script(
        KNOWN.text,
        {
            "tenant_id": "'demo'::text",
            "now": "now()",
            **dict.fromkeys(PAIRS, "'{}'::text[]"),
            "types": "ARRAY['phone'::text]",
            "scopes": "ARRAY[''::text]",
            "values": f"ARRAY['+4420' || lpad(({number})::text, 8, '0')]",
            "digests": f"ARRAY[sha256(int8send(({number})::bigint))]",
        },
        numbers=customers,
    )


async def _grow(dsn: str, filled: int, customers: int) -> None:
    """Write the customers after those that are there."""
    connection = await asyncpg.connect(dsn)
    try:
        # The rows are consistent; checking every foreign key would take a minute.
        await connection.execute("SET session_replication_role = replica")
        for statement in _STATEMENTS:
            await connection.execute(statement, filled + 1, customers)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _array(words: tuple[str, ...]) -> str:
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{quoted}])"


_NAME = (
    f"{_array(GIVEN)}[1 + n % {len(GIVEN)}] || ' ' ||"
    f" {_array(FAMILY)}[1 + n / {len(GIVEN)} % {len(FAMILY)}] || n"
)
_CUSTOMERS = f"""
    (SELECT n, {people.id_sql("n")}::uuid AS id, {_NAME} AS name
       FROM generate_series($1::int, $2::int) n) c
"""
_STATEMENTS = (
    f"""
    INSERT INTO customer (tenant_id, id, version, created_at, updated_at, attributes)
    SELECT 'demo', id, 3, now(), now(),
           jsonb_build_object('name', jsonb_build_object(
               'value', name, 'source', 'crm', 'observed_at', now(), 'ingested_at', now(),
               'verified', true, 'level', 'verified', 'priority', 0, 'sequence', 1))
      FROM {_CUSTOMERS}
    """,
    f"INSERT INTO customer_alias SELECT 'demo', id, id FROM {_CUSTOMERS}",
    f"""
    INSERT INTO customer_search (tenant_id, customer_id, version, created_at, name)
    SELECT 'demo', id, 3, now(), name FROM {_CUSTOMERS}
    """,
    f"""
    INSERT INTO identifier (tenant_id, type, scope, value, raw, level, customer_id, source,
                            normaliser_version, first_seen_at)
    SELECT 'demo', i.type, i.scope, i.value, i.value, i.level, id, 'crm',
           {NORMALISER_VERSION}, now()
      FROM {_CUSTOMERS}, LATERAL (
           VALUES ('phone', '', '+4420' || lpad(n::text, 8, '0'), 'channel_proved'),
                  ('email', '', n || '@example.org', 'channel_proved'),
                  ('external_id', 'crm', 'C' || n, 'verified')) i (type, scope, value, level)
    """,
)
