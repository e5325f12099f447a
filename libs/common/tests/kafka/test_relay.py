"""From the outbox to a real broker."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from common.db import wall_time
from common.jsons import loads
from common.messaging import Relay, key_hash
from common.messaging.envelope import HEARTBEAT_TYPE
from common.settings import KafkaSettings, RelaySettings
from common.telemetry import tracing
from devstack.testing.kafka import NewTopicFor
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.plumbing import NoteTakenV1, database, scalar, take_notes

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def running(*components):
    stop = asyncio.Event()
    tasks = [asyncio.create_task(c.run(stop)) for c in components]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def relay(db, bootstrap, *, shards=2, beats=(), **settings):
    return Relay(
        db,
        KafkaSettings(bootstrap=bootstrap),
        RelaySettings(shards=shards, **settings),
        service="notes",
        heartbeat_topics=beats,
    )


async def read_all(bootstrap: str, topic: str, partitions: int = 6):
    """Return every record of a topic, by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        parts = [TopicPartition(topic, p) for p in range(partitions)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found: dict[int, list[Any]] = {p: [] for p in range(partitions)}
        while any(len(found[tp.partition]) < ends[tp] for tp in parts):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found[tp.partition] += records
        return found
    finally:
        await consumer.stop()


async def bodies_of(bootstrap: str, topic: str):
    """Return the bodies of a topic's records without heartbeats, partition by partition."""
    bodies = [loads(r.value) for rs in (await read_all(bootstrap, topic)).values() for r in rs]
    return [b for b in bodies if b["type"] != HEARTBEAT_TYPE]


async def unpublished(db):
    return await db.read(scalar, "SELECT count(*) FROM outbox WHERE published_at IS NULL")


async def test_events_arrive_once_in_order_per_key(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(), database(fresh_dsn("common"))
    for book in ("a", "b", "c", "d"):
        await db.run(
            take_notes, [f"{book}{n}" for n in range(50)], now=wall_time(), key=book, topic=topic
        )
    async with running(relay(db, kafka_bootstrap, batch_size=30)):
        await until(lambda: _is_zero(unpublished(db)), within=15)
    bodies = await bodies_of(kafka_bootstrap, topic)
    assert len(bodies) == 200
    for book in ("a", "b", "c", "d"):
        assert [b["sequence"] for b in bodies if b["subject_id"] == book] == list(range(1, 51))
    await db.close()


async def _is_zero(count):
    return await count == 0


async def test_a_row_that_commits_late_is_not_lost(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(), database(fresh_dsn("common"))
    async with running(relay(db, kafka_bootstrap)), db.dedicated() as slow:
        await slow.execute(text("BEGIN"))
        await take_notes(slow, ["lower number"], now=wall_time(), key="slow", topic=topic)
        await db.run(take_notes, ["higher number"], now=wall_time(), key="fast", topic=topic)
        await until(lambda: _is_zero(unpublished(db)), within=10)
        await slow.execute(text("COMMIT"))
        await until(lambda: _is_zero(unpublished(db)), within=10)
    notes = {b["data"]["note"] for b in await bodies_of(kafka_bootstrap, topic)}
    assert notes == {"lower number", "higher number"}
    await db.close()


async def test_four_relays_publish_each_row_once(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, dsn = await new_topic(), fresh_dsn("common")
    databases = [database(dsn) for _ in range(4)]
    relays = [relay(db, kafka_bootstrap) for db in databases]
    async with running(*relays):
        for n in range(20):
            await databases[0].run(take_notes, [str(n)], now=wall_time(), key=str(n), topic=topic)
        await until(lambda: _is_zero(unpublished(databases[0])), within=15)
    assert len(await bodies_of(kafka_bootstrap, topic)) == 20
    for db in databases:
        await db.close()


async def test_another_relay_takes_over_when_the_session_of_the_first_dies(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(), database(fresh_dsn("common"))
    async with running(relay(db, kafka_bootstrap, shards=1)):
        await db.run(take_notes, ["before"], now=wall_time(), topic=topic)
        await until(lambda: _is_zero(unpublished(db)), within=10)
        await db.read(
            scalar,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks"
            " WHERE locktype = 'advisory' AND granted AND classid = 32282",
        )
        await db.run(take_notes, ["after"], now=wall_time(), topic=topic, first=2)
        await until(lambda: _is_zero(unpublished(db)), within=15)
    assert [b["data"]["note"] for b in await bodies_of(kafka_bootstrap, topic)] == [
        "before",
        "after",
    ]
    await db.close()


async def test_headers_say_what_the_body_says_and_carry_the_trace(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    tracing.configure(service="test", otlp_endpoint=None)
    topic, db = await new_topic(), database(fresh_dsn("common"))
    with tracing.span("request") as span:
        await db.run(take_notes, ["traced"], now=wall_time(), topic=topic)
        trace_id = f"{span.get_span_context().trace_id:032x}"
    async with running(relay(db, kafka_bootstrap)):
        await until(lambda: _is_zero(unpublished(db)), within=10)
    (record,) = [r for rs in (await read_all(kafka_bootstrap, topic)).values() for r in rs]
    headers, body = {k: v.decode() for k, v in record.headers}, loads(record.value)
    assert headers["ce_traceparent"].split("-")[1] == trace_id
    assert headers["ce_id"] == body["id"]
    assert headers["ce_type"] == body["type"] == NoteTakenV1.event_type
    assert headers["ce_recordedtime"] == body["recorded_at"]
    assert headers["ce_tenantid"] == body["tenant_id"] == "demo"
    assert list(body)[:9] == [
        "id", "type", "version", "tenant_id", "occurred_at", "recorded_at", "sequence",
        "subject_id", "test",
    ]  # fmt: skip
    assert all(len(value) < 100 and value.isprintable() for value in headers.values())
    await db.close()


async def test_every_partition_hears_the_watermark_and_it_never_runs_ahead(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(), database(fresh_dsn("common"))
    async with running(relay(db, kafka_bootstrap, beats=[topic], heartbeat_seconds=0.1)):
        for n in range(10):
            await db.run(take_notes, [str(n)], now=wall_time(), key=str(n), topic=topic)
            await asyncio.sleep(0.05)
        await until(lambda: _is_zero(unpublished(db)), within=10)
        await asyncio.sleep(0.5)
    written = {str(row[0]): row[1] for row in await db.read(_written)}
    for records in (await read_all(kafka_bootstrap, topic)).values():
        assert any(loads(r.value)["type"] == HEARTBEAT_TYPE for r in records)
        reached = None
        for r in records:
            body = loads(r.value)
            stamp = dict(r.headers).get("watermark")
            if body["type"] != HEARTBEAT_TYPE and reached is not None:
                assert written[body["id"]] >= reached
            reached = stamp.decode() if stamp else reached
    await db.close()


async def _written(connection):
    result = await connection.execute(
        text(
            "SELECT id, to_char(written_at AT TIME ZONE 'UTC',"
            ' \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') FROM outbox'
        )
    )
    return result.all()


async def test_a_topic_that_the_shards_do_not_divide_holds_up_only_itself_and_the_watermark(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    fit, unfit, db = await new_topic(), await new_topic(partitions=3), database(fresh_dsn("common"))
    await db.run(take_notes, ["stuck"], now=wall_time(), topic=unfit)
    stuck_since: Any = await db.read(scalar, "SELECT written_at FROM outbox")
    await db.run(take_notes, ["free"], now=wall_time(), topic=fit)
    partly = relay(db, kafka_bootstrap, beats=[fit], heartbeat_seconds=0.1)
    async with running(partly):
        await until(lambda: partly.healthy() is not None, within=10)
        await until(lambda: _is_one(unpublished(db)), within=10)
        await asyncio.sleep(0.5)
    assert [b["data"]["note"] for b in await bodies_of(kafka_bootstrap, fit)] == ["free"]
    shard = key_hash("book") % 2
    for partition, records in (await read_all(kafka_bootstrap, fit)).items():
        stamps = [h["watermark"].decode() for r in records if "watermark" in (h := dict(r.headers))]
        if partition % 2 == shard:
            assert all(datetime.fromisoformat(stamp) <= stuck_since for stamp in stamps)
    await db.close()


async def _is_one(count):
    return await count == 1
