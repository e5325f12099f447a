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
from common.messaging import (
    HeartbeatRequester,
    Relay,
    ensure_topics,
    heartbeat_topic,
    key_hash,
    request_topic,
)
from common.messaging.watermarks import Heartbeat
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


def relay(db, bootstrap, *, shards=2, beats=(), prompt_on_request=False, **settings):
    return Relay(
        db,
        KafkaSettings(bootstrap=bootstrap),
        RelaySettings(shards=shards, **settings),
        service="notes",
        heartbeat_topics=beats,
        prompt_on_request=prompt_on_request,
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
    """Return the bodies of a topic's records, partition by partition."""
    return [loads(r.value) for rs in (await read_all(bootstrap, topic)).values() for r in rs]


async def make_watermark_topics(bootstrap: str) -> None:
    topics = [heartbeat_topic("notes"), request_topic("notes")]
    await ensure_topics(KafkaSettings(bootstrap=bootstrap), topics)


async def heartbeats_of(bootstrap: str, topic: str) -> list[Heartbeat]:
    """Return the heartbeats about a topic, in the order in which they were sent."""
    records = (await read_all(bootstrap, heartbeat_topic("notes"), partitions=1))[0]
    beats = [Heartbeat.read(r) for r in records]
    return [beat for beat in beats if beat is not None and beat.topic == topic]


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


async def test_every_partition_has_a_watermark_that_never_runs_ahead(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    """Every record at or after the offset of a heartbeat was written at its watermark or later."""
    await make_watermark_topics(kafka_bootstrap)
    topic, db = await new_topic(), database(fresh_dsn("common"))
    often = {"heartbeat_seconds": 0.05, "idle_poll_seconds": 0.05}
    async with running(relay(db, kafka_bootstrap, beats=[topic], **often)):
        for n in range(40):
            await db.run(take_notes, [str(n)], now=wall_time(), key=str(n), topic=topic)
            await asyncio.sleep(0.02)
        await until(lambda: _is_zero(unpublished(db)), within=10)
        await asyncio.sleep(0.5)
    written = {str(row[0]): datetime.fromisoformat(row[1]) for row in await db.read(_written)}
    records = await read_all(kafka_bootstrap, topic)
    beats = await heartbeats_of(kafka_bootstrap, topic)
    assert {beat.partition for beat in beats} == set(range(6))
    assert {beat.offset for beat in beats} > {0}
    for beat in beats:
        late = [r for r in records[beat.partition] if r.offset >= beat.offset]
        assert all(written[loads(r.value)["id"]] >= beat.watermark for r in late)
    for of_partition in records.values():
        reached = None
        for r in of_partition:
            stamp = dict(r.headers).get("watermark")
            assert reached is None or written[loads(r.value)["id"]] >= reached
            reached = datetime.fromisoformat(stamp.decode()) if stamp else reached
    await db.close()


async def test_topics_of_events_hold_events_only(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    await make_watermark_topics(kafka_bootstrap)
    topic, db = await new_topic(), database(fresh_dsn("common"))
    often = {"heartbeat_seconds": 0.05, "idle_poll_seconds": 0.05}
    async with running(relay(db, kafka_bootstrap, beats=[topic], **often)):
        await db.run(take_notes, ["only"], now=wall_time(), topic=topic)

        async def has_beaten():
            return len(await heartbeats_of(kafka_bootstrap, topic)) > 12

        await until(has_beaten, within=20)
    (event,) = await bodies_of(kafka_bootstrap, topic)
    assert event["data"]["note"] == "only"
    await db.close()


async def test_a_relay_that_takes_over_speaks_for_what_others_published(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    await make_watermark_topics(kafka_bootstrap)
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    async with running(relay(db, kafka_bootstrap, shards=1)):
        await db.run(take_notes, ["a", "b", "c"], now=wall_time(), topic=topic)
        await until(lambda: _is_zero(unpublished(db)), within=10)
    async with running(relay(db, kafka_bootstrap, shards=1, beats=[topic])):

        async def first_beat():
            return next(iter(await heartbeats_of(kafka_bootstrap, topic)), None)

        beat = await until(first_beat, within=20)
    assert beat.offset == 3
    await db.close()


async def test_heartbeats_are_prompt_while_somebody_asks(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    await make_watermark_topics(kafka_bootstrap)
    topic, db = await new_topic(partitions=2), database(fresh_dsn("common"))
    rare = {"heartbeat_seconds": 600, "idle_poll_seconds": 600, "prompt_on_request": True}
    asker = HeartbeatRequester(
        KafkaSettings(bootstrap=kafka_bootstrap), name="test", service="notes", topic=topic
    )

    async def beats():
        return len(await heartbeats_of(kafka_bootstrap, topic))

    async def have_beaten(count):
        return await beats() >= count

    async with running(relay(db, kafka_bootstrap, beats=[topic], **rare), asker):
        await until(lambda: have_beaten(2), within=20)  # one for each partition at the start
        assert await beats() == 2

        async def goes_on():
            asker.want()
            return await beats() >= 12

        await until(goes_on, within=20)
    await db.close()


async def test_a_commit_of_another_process_wakes_an_idle_relay(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, dsn = await new_topic(), fresh_dsn("common")
    db, other = database(dsn), database(dsn)
    async with running(relay(db, kafka_bootstrap, idle_poll_seconds=600)):
        await other.run(take_notes, ["first"], now=wall_time(), topic=topic)
        await until(lambda: _is_zero(unpublished(db)), within=20)
        await asyncio.sleep(2.5)  # it looks often for a second, and no longer
        await other.run(take_notes, ["second"], now=wall_time(), topic=topic, first=2)
        await until(lambda: _is_zero(unpublished(db)), within=20)
    await db.close()
    await other.close()


async def test_an_idle_relay_looks_once_in_an_interval(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    await make_watermark_topics(kafka_bootstrap)
    topic, db = await new_topic(), database(fresh_dsn("common"))
    async with running(relay(db, kafka_bootstrap, beats=[topic])):
        await until(lambda: _has_begun(kafka_bootstrap, topic), within=20)
        await asyncio.sleep(1.5)
        before, sent = (
            await db.read(scalar, _FETCHES),
            len(await heartbeats_of(kafka_bootstrap, topic)),
        )
        await asyncio.sleep(4)
        after = await db.read(scalar, _FETCHES)
        beats = len(await heartbeats_of(kafka_bootstrap, topic)) - sent
    assert int(str(after)) - int(str(before)) <= 2 * 6
    assert beats <= 6 * 6
    await db.close()


_FETCHES = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


async def _has_begun(bootstrap, topic):
    return bool(await heartbeats_of(bootstrap, topic))


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
