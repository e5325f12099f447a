"""The context call over HTTP, next to Postgres running the same statement alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.machine import limits
from benchmarks.machine.limits import Limit, Script
from benchmarks.output.marks import Mark, at_least, within
from benchmarks.output.table import Row, row_of
from benchmarks.site import Bench, Site
from benchmarks.workload import people
from benchmarks.workload.load import request
from benchmarks.workload.people import People
from interactions.context.events.consumed import CLOCKS_CONSUMER, CUSTOMERS_CONSUMER
from interactions.context.parts import PART_NAMES
from interactions.context.store.statement import context_statement

FOUR_PARTS = ("customer", "conversations", "interactions", "sla")
API = "interactions api"
CONNECTIONS = (1, 8)
SHARE_OF_PGBENCH = 0.30
P50_MS = 3.0
MARKED = "20 interactions, 4 parts"
"""The case that has marks."""


@dataclass(frozen=True)
class Case:
    name: str
    people: People
    parts: tuple[str, ...] = FOUR_PARTS
    masked: bool = False
    """Whether the caller lacks ``pii:read``."""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield a row for each kind of customer and number of connections."""
    cases = _cases(bench)
    with bench.site("context") as site:
        people.write_people(site.dsn("interactions"), list({case.people for case in cases}))
        site.start(API)
        greetings = {n: limits.hello(bench, connections=n) for n in CONNECTIONS}
        for case in cases:
            for n in CONNECTIONS:
                yield _row(bench, site, case, n, greetings[n])
        with bench.plans.recorded("context"):
            for case in cases:
                bench.try_out(site, API, _requests(site, case))


def _cases(bench: Bench) -> tuple[Case, ...]:
    many = People(first=1, count=bench.size.customers, history=20)
    return (
        Case(MARKED, many),
        Case("20 interactions, all parts", many, PART_NAMES),
        Case("20 interactions, 4 parts, masked", many, masked=True),
        Case("10,000 interactions, 4 parts", People(2_000_000, 2, bench.size.history)),
        Case("50 merged ids, 4 parts", People(3_000_000, 20, 20, ids=50)),
    )


def _row(bench: Bench, site: Site, case: Case, n: int, greetings: Limit) -> Row:
    limit = limits.pgbench(bench, site.dsn("interactions"), _script(case), clients=n)
    sample = bench.load(site, API, _requests(site, case), n)
    marks: list[Mark] = []
    if case.name == MARKED:
        marks.append(at_least(SHARE_OF_PGBENCH, sample.per_second / limit.per_second, "of pgbench"))
        if n == max(CONNECTIONS):
            marks.append(within(P50_MS, sample.latencies.p50, "p50 ms"))
    bounds = {"pgbench": limit, "hello": greetings}
    return row_of(f"context, {case.name}, {n} conn.", sample, bounds, marks=marks)


def _requests(site: Site, case: Case) -> Callable[[int], bytes]:
    key = site.key_without_pii if case.masked else site.key
    return partial(_request, key, case.people.first, case.people.count, ",".join(case.parts))


def _request(key: str, first: int, count: int, include: str, n: int) -> bytes:
    customer_id = people.customer_id(first + n * 7919 % count)
    return request("GET", f"/v1/context/{customer_id}?include={include}", key=key)


def _script(case: Case) -> Script:
    """Return the statement that the API sends, for random customers of the case."""
    return Script(
        context_statement("id", case.parts).text,
        {
            "customer_id": people.id_sql(":n::int"),
            "tenant_id": "'demo'::text",
            "customers": f"'{CUSTOMERS_CONSUMER}'::text",
            "clocks": f"'{CLOCKS_CONSUMER}'::text",
        },
        numbers=case.people.count,
        first=case.people.first,
    )
