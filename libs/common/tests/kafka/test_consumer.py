"""From a real broker into a real database."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from common.db import wall_time
from common.errors import UnavailableError
from common.messaging import Producer, ensure_topics, source_of
from common.messaging.inbox import dead_letters
from common.messaging.watermarks import Heartbeat
from common.settings import KafkaSettings
from devstack.servers.broker import EmbeddedBroker
from devstack.testing.kafka import NewTopicFor
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.kafka.consuming import Sending, consumer, kept_is, note_record
from libs.common.tests.kafka.test_relay import make_watermark_topics, relay, running
from libs.common.tests.plumbing import (
    database,
    keep_notes,
    make_kept,
    notes_stream,
    scalar,
    take_notes,
)

pytestmark = pytest.mark.kafka


async def test_what_one_service_writes_another_applies_once_and_in_order(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic = await new_topic()
    writer, reader = database(fresh_dsn("common")), database(fresh_dsn("common"))
    await reader.run(make_kept)
    notes = [f"note {n}" for n in range(100)]
    await writer.run(take_notes, notes, now=wall_time(), topic=topic)
    async with running(
        relay(writer, kafka_bootstrap), consumer(reader, kafka_bootstrap, notes_stream(topic))
    ):
        await until(lambda: kept_is(reader, notes), within=20)
    await writer.close()
    await reader.close()


async def test_an_event_sent_twice_is_applied_once(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    value, headers = note_record("once")
    async with Sending(kafka_bootstrap, topic) as send:
        for _ in range(3):
            await send.raw(value, headers)
        await send.note("last")
        async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
            await until(lambda: kept_is(db, ["once", "last"]), within=20)
    await db.close()


async def test_a_partition_whose_batch_takes_long_does_not_hold_up_another(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=2), database(fresh_dsn("common"))
    await db.run(make_kept)
    begun, enough = asyncio.Event(), asyncio.Event()

    async def apply(connection, events, /, *, now):
        if events[0].partition == 0:
            begun.set()
            await enough.wait()
        return await keep_notes(connection, events, now=now)

    stream = replace(notes_stream(topic), apply=apply)
    async with (
        Sending(kafka_bootstrap, topic) as send,
        running(consumer(db, kafka_bootstrap, stream)),
    ):
        await send.note("long")
        await until(begun.is_set, within=20)
        await send.note("one", partition=1)
        await until(lambda: kept_is(db, ["one"]), within=20)
        await send.note("two", partition=1)
        await until(lambda: kept_is(db, ["one", "two"]), within=20)
        enough.set()
        await until(lambda: kept_is(db, ["one", "two", "long"]), within=20)
    await db.close()


async def test_trouble_that_passes_moves_nothing_and_loses_nothing(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    failures = 2

    async def sometimes(connection, events, /, *, now):
        nonlocal failures
        outcome = await keep_notes(connection, events, now=now)
        if failures:
            failures -= 1
            raise UnavailableError("a dependency is away")
        return outcome

    stream = notes_stream(topic)
    flaky = type(stream)(stream.consumer, stream.topic, sometimes, stream.decoders)
    async with Sending(kafka_bootstrap, topic) as send:
        for note in ("one", "two"):
            await send.note(note)
        async with running(consumer(db, kafka_bootstrap, flaky)):
            await until(lambda: kept_is(db, ["one", "two"]), within=20)
    assert await db.read(dead_letters.list_open, stream.consumer) == []
    await db.close()


@pytest.mark.apache_kafka
async def test_two_members_share_the_partitions_and_one_takes_over(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, dsn = await new_topic(), fresh_dsn("common")
    writer, first, second = database(dsn), database(dsn), database(dsn)
    await writer.run(make_kept)

    async def write(books: range) -> None:
        for n in books:
            await writer.run(
                take_notes, [f"note {n}"], now=wall_time(), key=f"book {n}", topic=topic
            )

    async def count_is(number: int) -> bool:
        return await writer.read(scalar, "SELECT count(*) FROM kept") == number

    stream = notes_stream(topic)
    async with running(relay(writer, kafka_bootstrap), consumer(first, kafka_bootstrap, stream)):
        await write(range(20))
        await until(lambda: count_is(20), within=20)
        async with running(consumer(second, kafka_bootstrap, stream)):
            await write(range(20, 60))
            await until(lambda: count_is(60), within=30)
        await write(range(60, 80))
        await until(lambda: count_is(80), within=30)
    assert await writer.read(scalar, "SELECT count(DISTINCT note) FROM kept") == 80
    for db in (writer, first, second):
        await db.close()


async def test_heartbeats_carry_the_watermark_into_the_progress_table(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic = await new_topic()
    writer, reader = database(fresh_dsn("common")), database(fresh_dsn("common"))
    await reader.run(make_kept)
    moved: set[int] = set()
    await make_watermark_topics(kafka_bootstrap)
    start = await writer.read(scalar, "SELECT clock_timestamp()")
    stream = replace(notes_stream(topic), source=source_of("notes"))
    async with running(
        relay(writer, kafka_bootstrap, beats=[topic]),
        consumer(reader, kafka_bootstrap, stream, on_progress=moved.update),
    ):

        async def all_watermarks_have_passed() -> bool:
            found = await reader.read(_watermarks)
            return len(found) == 6 and all(w is not None and w > start for w in found)

        await until(all_watermarks_have_passed, within=20)
    assert moved == set(range(6))
    await writer.close()
    await reader.close()


async def test_a_heartbeat_waits_for_the_events_that_it_speaks_of(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    """It is read long before them, and once more after a restart of the consumer."""
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    await make_watermark_topics(kafka_bootstrap)
    said = wall_time()
    producer = Producer(KafkaSettings(bootstrap=kafka_bootstrap), client_id="test")
    await producer.start()
    await producer.send_all([Heartbeat(topic, 0, 2, said).outgoing(service="notes")])
    await producer.stop()
    stream = replace(notes_stream(topic), source=source_of("notes"))

    async def reached():
        return await db.read(_watermarks) == [said]

    async with Sending(kafka_bootstrap, topic) as send:
        async with running(consumer(db, kafka_bootstrap, stream)):
            await send.note("one")
            await until(lambda: kept_is(db, ["one"]), within=20)
            await asyncio.sleep(1.5)
            assert not await reached()
        async with running(consumer(db, kafka_bootstrap, stream)):
            await send.note("two")
            await until(reached, within=20)
    assert await kept_is(db, ["one", "two"])
    await db.close()


async def _watermarks(connection):
    return list(
        (await connection.execute(text("SELECT watermark FROM consumer_progress"))).scalars()
    )


async def test_a_broker_that_is_away_is_waited_for(fresh_dsn: FreshDsn):
    db = database(fresh_dsn("common"))
    away = consumer(db, "127.0.0.1:1", notes_stream("nowhere"))
    async with running(away) as stop:
        await until(lambda: away.healthy() not in {None, "not started"}, within=10)
        await asyncio.sleep(0.1)
        stop.set()
    await db.close()


async def test_a_broker_that_goes_away_from_an_idle_consumer_is_noticed(
    fresh_dsn: FreshDsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("common.messaging.inbox.member.REPORT_SECONDS", 0.2)
    monkeypatch.setattr("common.messaging.kafka.connection.STOP_SECONDS", 0.5)
    db = database(fresh_dsn("common"))
    await db.run(make_kept)
    with EmbeddedBroker(tmp_path) as bootstrap:
        await ensure_topics(KafkaSettings(bootstrap=bootstrap), ["notes"])
        reader = consumer(db, bootstrap, notes_stream("notes"), stalled_seconds=3)
        stop = asyncio.Event()
        task = asyncio.create_task(reader.run(stop))
        async with Sending(bootstrap, "notes") as send:
            await send.note("one")
            await until(lambda: kept_is(db, ["one"]), within=20)
        assert reader.healthy() is None
    reason = await until(reader.healthy, within=30)
    assert reason == "the broker does not answer" or reason.startswith("not consuming")
    stop.set()
    await task
    await db.close()
