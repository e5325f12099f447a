"""What a consumer believes of heartbeats that are early, late, missing or about another topic."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from common.db import wall_time
from common.messaging import GroupReader, Producer, source_of
from common.messaging.envelope import rfc3339
from common.messaging.inbox import claims
from common.messaging.watermarks import Heartbeat
from common.settings import KafkaSettings
from devstack.testing.kafka import NewTopicFor
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.kafka.consuming import Sending, consumer, kept_is, note_record
from libs.common.tests.kafka.test_relay import make_watermark_topics, running
from libs.common.tests.plumbing import database, make_kept, notes_stream

pytestmark = pytest.mark.kafka

EARLIER, LATER = timedelta(seconds=60), timedelta(seconds=30)


async def send(bootstrap: str, *heartbeats: Heartbeat, service: str = "notes") -> None:
    producer = Producer(KafkaSettings(bootstrap=bootstrap), client_id="test")
    await producer.start()
    await producer.send_all([beat.outgoing(service=service) for beat in heartbeats])
    await producer.stop()


async def watermarks(connection):
    """Return the stored watermark of each partition, by number."""
    result = await connection.execute(text("SELECT partition, watermark FROM consumer_progress"))
    return {row.partition: row.watermark for row in result}


async def stands_at(db, expected):
    return await db.read(watermarks) == expected


def stream_of(topic: str, *, service: str = "notes"):
    return replace(notes_stream(topic), source=source_of(service))


async def test_a_consumer_that_starts_behind_stores_each_heartbeat_once_it_gets_there(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db, now = await new_topic(partitions=1), database(fresh_dsn("common")), wall_time()
    await db.run(make_kept)
    await make_watermark_topics(kafka_bootstrap)
    begun, enough = asyncio.Event(), asyncio.Event()
    keep = notes_stream(topic).apply

    async def apply(tx, events, /, *, now):
        if events[-1].data.note == "three":
            begun.set()
            await enough.wait()
        return await keep(tx, events, now=now)

    async with Sending(kafka_bootstrap, topic) as sending:
        await sending.note("one")
        await send(
            kafka_bootstrap,
            Heartbeat(topic, 0, 1, now - EARLIER),
            Heartbeat(topic, 0, 3, now - LATER),
        )
        async with running(consumer(db, kafka_bootstrap, replace(stream_of(topic), apply=apply))):
            await until(lambda: stands_at(db, {0: now - EARLIER}), within=20)
            await sending.note("two")
            await until(lambda: kept_is(db, ["one", "two"]), within=20)
            await sending.note("three")
            await until(begun.is_set, within=20)
            assert await stands_at(db, {0: now - EARLIER})
            enough.set()
            await until(lambda: stands_at(db, {0: now - LATER}), within=20)
    await db.close()


async def test_a_partition_without_a_heartbeat_has_no_watermark_until_an_event_carries_one(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db, now = await new_topic(partitions=2), database(fresh_dsn("common")), wall_time()
    await db.run(make_kept)
    await make_watermark_topics(kafka_bootstrap)
    async with (
        Sending(kafka_bootstrap, topic) as sending,
        running(consumer(db, kafka_bootstrap, stream_of(topic))),
    ):
        await send(kafka_bootstrap, Heartbeat(topic, 0, 0, now - EARLIER))
        await sending.note("silent", partition=1)
        await until(lambda: kept_is(db, ["silent"]), within=20)
        await until(lambda: stands_at(db, {0: now - EARLIER, 1: None}), within=20)
        value, headers = note_record("speaks")
        headers.append(("watermark", rfc3339(now - LATER).encode()))
        await sending.raw(value, headers, partition=1)
        await until(lambda: stands_at(db, {0: now - EARLIER, 1: now - LATER}), within=20)
    await db.close()


async def test_a_heartbeat_of_a_topic_that_was_created_again_does_not_count_at_an_old_position(
    fresh_dsn: FreshDsn,
    kafka_bootstrap: str,
    new_topic: NewTopicFor,
    monkeypatch: pytest.MonkeyPatch,
):
    """Nothing of the new topic is applied, although the stored position is behind its offset."""
    topic, db, now = await new_topic(partitions=2), database(fresh_dsn("common")), wall_time()
    await db.run(make_kept)
    await make_watermark_topics(kafka_bootstrap)
    await db.run(claims.ensure_positions, "notes.keeper", topic, {0: 2})
    async with Sending(kafka_bootstrap, topic) as sending:
        await sending.note("never applied")
    await send(
        kafka_bootstrap,
        Heartbeat(topic, 0, 1, now - LATER),
        Heartbeat(topic, 1, 0, now - LATER),
    )
    stopped = consumer(db, kafka_bootstrap, stream_of(topic))
    async with running(stopped):
        with withheld_answers(monkeypatch):
            await until(lambda: stands_at(db, {0: None, 1: now - LATER}), within=20)
        reason = "not consuming: OffsetsLostError"
        await until(lambda: stopped.healthy() == reason, within=20)
    assert await stands_at(db, {0: None, 1: now - LATER})
    assert await kept_is(db, [])
    await db.close()


@contextmanager
def withheld_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep consumers from learning during the block what the broker answers at a position."""
    poll, answered = GroupReader.poll, asyncio.Event()

    async def late(reader, wait_seconds, *partitions, most=None):
        if partitions:
            await answered.wait()
        return await poll(reader, wait_seconds, *partitions, most=most)

    monkeypatch.setattr(GroupReader, "poll", late)
    try:
        yield
    finally:
        answered.set()


async def test_a_position_behind_the_end_of_its_partition_stops_the_consumer(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=2), database(fresh_dsn("common"))
    await db.run(make_kept)
    await db.run(claims.ensure_positions, "notes.keeper", topic, {0: 0, 1: 7})
    stopped = consumer(db, kafka_bootstrap, notes_stream(topic))
    async with running(stopped):
        reason = "not consuming: OffsetsLostError"
        await until(lambda: stopped.healthy() == reason, within=20)
    await db.close()
