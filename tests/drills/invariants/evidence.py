"""Everything visible from outside: the ledger, the rows of three databases, the topics' records."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from common.jsons import loads
from common.messaging import Record, heartbeat_topic
from common.messaging.watermarks import Heartbeat
from tests.drills.callers.ledger import Entries

Row = Mapping[str, Any]

OUTBOX = """
    SELECT id::text, topic, type, written_at, published_at, payload = '' AS is_erased FROM outbox
"""
CLOCK = """
    SELECT tenant_id, clock_id::text, conversation_id::text, metric, cycle, state, policy_name,
           target_seconds, started_at, due_at, met_at, breached_at, confirmed, version
"""
QUERIES = {
    "identity": {
        "outbox": OUTBOX,
        "customer": """
            SELECT tenant_id, id::text, version, attributes::text, merged_into FROM customer
        """,
        "identifier": """
            SELECT tenant_id, customer_id::text, type, scope, value, level FROM identifier
        """,
        "alias": "SELECT tenant_id, origin_id::text, canonical_id::text FROM customer_alias",
    },
    "interactions": {
        "outbox": OUTBOX,
        "interaction": """
            SELECT tenant_id, interaction_id::text, conversation_id::text, text, provider_name,
                   provider_account, provider_message_id, sequence
            FROM interaction
        """,
        "conversation": """
            SELECT tenant_id, conversation_id::text, version, interaction_count FROM conversation
        """,
        "dead_letter": "SELECT consumer, reason, record_value FROM dead_letter",
        "quarantined": "SELECT reason, body FROM raw_delivery WHERE state = 'quarantined'",
        "profile": """
            SELECT tenant_id, customer_id::text, version, attributes::text, identifiers::text
            FROM customer_profile
        """,
        "alias": "SELECT tenant_id, origin_id::text, canonical_id::text FROM customer_alias",
        "clock": """
            SELECT tenant_id, clock_id::text, version, metric, cycle, state, due_at, breached_at
            FROM sla_clock
        """,
    },
    "sla": {
        "outbox": OUTBOX,
        "clock": f"{CLOCK} FROM clock",
        "alert": "SELECT type, body FROM alert",
        "policy": """
            SELECT tenant_id, name, body::text, created_at FROM policy_version
            WHERE enabled AND to_revision IS NULL
        """,
    },
}
TOPICS = (
    "identity.customers",
    "interactions.conversations",
    "interactions.erasures",
    "interactions.inbound",
    "sla.clocks",
    "sla.erasures",
)


@dataclass(frozen=True)
class Event:
    """A record of a topic; ``body`` is None for records of other producers."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None

    @property
    def watermark(self) -> datetime | None:
        stamp = self.headers.get("watermark")
        return datetime.fromisoformat(stamp) if stamp else None


@dataclass(frozen=True)
class SentHeartbeat:
    """A heartbeat, and when the broker received it."""

    heartbeat: Heartbeat
    appended_at: datetime


@dataclass
class Evidence:
    """Everything at one point in time: ``rows`` by service and name, ``events`` by topic.

    ``heartbeats`` are by the topic that they speak of.
    """

    at: datetime
    entries: Entries
    rows: dict[str, dict[str, list[Row]]]
    events: dict[str, list[Event]] = field(default_factory=dict)
    heartbeats: Mapping[str, list[SentHeartbeat]] = field(default_factory=dict)

    def first_published(self, topic: str) -> Iterator[Event]:
        """Yield the topic's events in order, without repetitions."""
        seen: set[str] = set()
        for event in self.events[topic]:
            if event.body is not None and event.body["id"] not in seen:
                seen.add(event.body["id"])
                yield event


@dataclass
class Sources:
    """The connections to databases, by service, and to Kafka. Not for concurrent use."""

    connections: Mapping[str, asyncpg.Connection]
    bootstrap: str

    async def gather(self, entries: Entries) -> Evidence:
        """Read the databases, then the topics, so that published events are found there."""
        at, rows = datetime.now(UTC), await self.rows()
        events, beats = await read_topics(self.bootstrap), await read_heartbeats(self.bootstrap)
        return Evidence(at, entries, rows, events, beats)

    async def rows(self) -> dict[str, dict[str, list[Row]]]:
        """Return the rows of the databases, by service and name."""
        return {
            service: {
                name: await self.connections[service].fetch(query)
                for name, query in queries.items()
            }
            for service, queries in QUERIES.items()
        }


@asynccontextmanager
async def open_sources(dsns: Mapping[str, str], bootstrap: str):
    """Yield ``Sources`` with their own connections."""
    connections = {service: await asyncpg.connect(dsn) for service, dsn in dsns.items()}
    try:
        yield Sources(connections, bootstrap)
    finally:
        await asyncio.gather(*(connection.close() for connection in connections.values()))


async def read_topics(bootstrap: str) -> dict[str, list[Event]]:
    """Return all records of the topics and of their dead letters, in order per partition."""
    topics = [topic for base in TOPICS for topic in (base, f"{base}.dead")]
    events: dict[str, list[Event]] = {topic: [] for topic in topics}
    for record in await _read(bootstrap, topics):
        events[record.topic].append(_event(record))
    return events


async def read_heartbeats(bootstrap: str) -> dict[str, list[SentHeartbeat]]:
    """Return all heartbeats, by the topic that they speak of, in order."""
    sent: dict[str, list[SentHeartbeat]] = defaultdict(list)
    for raw in await _read(bootstrap, [heartbeat_topic(service) for service in QUERIES]):
        heartbeat = Heartbeat.read(Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value))
        assert heartbeat is not None, f"offset {raw.offset} of {raw.topic} holds no heartbeat"
        sent[heartbeat.topic].append(SentHeartbeat(heartbeat, _appended_at(raw)))
    return sent


async def _read(bootstrap: str, topics: Sequence[str]) -> list[Any]:
    reader = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    result: list[Any] = []
    await reader.start()
    try:
        ends = await reader.end_offsets(reader.assignment())
        while any([await reader.position(part) < end for part, end in ends.items()]):
            for part, records in (await reader.getmany(timeout_ms=500, max_records=5000)).items():
                result += [r for r in records if r.offset < ends[part]]
    finally:
        await reader.stop()
    return result


def _appended_at(record: Any) -> datetime:
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def _event(record: Any) -> Event:
    headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
    ours = headers.get("ce_source", "").startswith("/threadline/")
    return Event(
        record.topic,
        record.partition,
        record.offset,
        _appended_at(record),
        headers,
        loads(record.value) if ours else None,
    )
