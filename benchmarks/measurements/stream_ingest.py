"""Interactions over Kafka: how fast one consumer drains a backlog of the inbound topic."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from benchmarks.machine import bulk
from benchmarks.measurements.backlog import Message, Stream
from benchmarks.output.marks import per_second
from benchmarks.output.table import Row
from benchmarks.site import Bench, Site
from benchmarks.workload import messages, people
from benchmarks.workload.people import People
from interactions.history.consumers.inbound import CONSUMER, TOPIC

PER_SECOND = 5_000
PROCESS = "interactions consumer"
STRANGERS_FROM = 50_000_000
WARM_UP = 500


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows for a backlog from known senders and for one from first contacts."""
    with bench.site("stream_ingest", kafka=True) as site:
        customers = People(first=1, count=bench.size.customers, history=3)
        people.write_people(site.dsn("interactions"), [customers])
        site.start("identity api", PROCESS)
        stream = Stream(site, "interactions", CONSUMER, TOPIC, PROCESS, site.meter(PROCESS))
        yield _known(bench, site, stream)
        yield _strangers(bench, site, stream)


def _known(bench: Bench, site: Site, stream: Stream) -> Row:
    count, customers = bench.size.records, bench.size.customers
    stream.drain(_records("warm-up", WARM_UP, lambda n: messages.sender(customers, n)))
    done = stream.drain(_records("known", count, lambda n: messages.sender(customers, n)))
    writing = bulk.rewrite(site.dsn("interactions"), stream.meter, interactions=count)
    limits = {"bulk insert": writing, "reading": asyncio.run(stream.read_only())}
    with bench.plans.recorded("stream_ingest"):
        stream.drain(_records("plans", WARM_UP, lambda n: messages.sender(customers, n)))
    marks = [per_second(PER_SECOND, done.per_second)]
    return done.row(f"Kafka ingest, {count:,} from known senders", limits, marks)


def _strangers(bench: Bench, site: Site, stream: Stream) -> Row:
    """Measure first contacts: identity resolves each, in batches, and creates a customer."""
    count = bench.size.strangers
    stream.meter = site.meter(PROCESS, "identity api")
    records = _records("strange", WARM_UP + count, lambda n: people.phone(STRANGERS_FROM + n))
    stream.drain(records[:WARM_UP])
    done = stream.drain(records[WARM_UP:])
    return done.row(f"Kafka ingest, {count:,} first contacts", {})


def _records(run: str, count: int, sender: Callable[[int], str]) -> Sequence[Message]:
    senders = [sender(n) for n in range(count)]
    return [Message(phone, messages.body(run, n, phone)) for n, phone in enumerate(senders)]
