"""Interactions over Kafka: how fast one consumer makes up a backlog of the inbound topic."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from benchmarks import bulk, people, reports
from benchmarks.backlog import Stream
from benchmarks.people import People
from benchmarks.site import Bench, Site
from benchmarks.table import Row, at_least
from interactions.consumers.inbound import CONSUMER, TOPIC

PER_SECOND = 5_000
PROCESS = "interactions consumer"
STRANGERS_FROM = 50_000_000
WARM_UP = 500


def measure(bench: Bench) -> Iterator[Row]:
    """Yield a backlog from senders who are known, and one from senders nobody has seen."""
    with bench.site("stream_ingest_known", kafka=True) as site:
        yield _known(bench, site)
    with bench.site("stream_ingest_strangers", kafka=True) as site:
        yield _strangers(bench, site)


def _known(bench: Bench, site: Site) -> Row:
    count, customers = bench.size.records, bench.size.customers
    people.settle(site.dsn("interactions"), [People(first=1, count=customers, history=3)])
    site.start(PROCESS)
    stream = _stream(site, PROCESS)
    stream.make_up(_records("warm-up", WARM_UP, lambda n: reports.known(customers, n)))
    done = stream.make_up(_records("known", count, lambda n: reports.known(customers, n)))
    writing = bulk.rewrite(site.dsn("interactions"), stream.meter, interactions=count)
    limits = {"bulk insert": writing, "reading": asyncio.run(stream.read_only())}
    with bench.plans.recorded("stream_ingest"):
        stream.make_up(_records("plans", WARM_UP, lambda n: reports.known(customers, n)))
    marks = [at_least(PER_SECOND, done.per_second, "per s")]
    return done.row(f"Kafka ingest, {count:,} from known senders", limits, marks)


def _strangers(bench: Bench, site: Site) -> Row:
    """Each first contact costs a question to identity, asked in batches, and makes a customer."""
    count = bench.size.strangers
    site.start("identity api", PROCESS)
    stream = _stream(site, PROCESS, "identity api")
    records = _records("strange", WARM_UP + count, lambda n: people.phone(STRANGERS_FROM + n))
    stream.make_up(records[:WARM_UP])
    done = stream.make_up(records[WARM_UP:])
    return done.row(f"Kafka ingest, {count:,} first contacts", {})


def _stream(site: Site, *processes: str) -> Stream:
    return Stream(site, "interactions", CONSUMER, TOPIC, PROCESS, site.meter(*processes))


def _records(run: str, count: int, sender: Callable[[int], str]) -> Sequence[bytes]:
    return [reports.body(run, n, sender(n)) for n in range(count)]
