"""What cannot be applied is put aside, what is odd is read; either way the stream goes on."""

from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from common.db import wall_time
from common.messaging import Applied
from common.messaging.inbox import dead_letters
from devstack.testing.kafka import NewTopicFor
from devstack.testing.postgres import FreshDsn
from devstack.testing.records import RawRecord, write_raw
from devstack.testing.wait import until
from libs.common.tests.kafka.consuming import Sending, consumer, kept_is, note_record
from libs.common.tests.kafka.test_relay import running
from libs.common.tests.plumbing import database, kept, make_kept, notes_stream, scalar

pytestmark = pytest.mark.kafka


async def test_poison_stands_alone_and_the_rest_goes_on(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    good = [f"note {n}" for n in range(20)]
    async with Sending(kafka_bootstrap, topic) as send:
        for place, note in enumerate(good):
            if place == 7:
                await send.note("poison")
            if place == 13:
                await send.raw(b"\xff not json")
                await send.raw(b'{"id": "x"}')
                await send.raw(None)
            await send.note(note)
        stream = notes_stream(topic)
        async with running(consumer(db, kafka_bootstrap, stream)):
            await until(lambda: kept_is(db, good), within=30)
    letters = await db.read(dead_letters.list_open, stream.consumer)
    assert sorted(letter.reason for letter in letters) == [
        "empty", "handler_error", "missing_field", "not_json",
    ]  # fmt: skip
    published = await db.read(
        scalar, f"SELECT count(*) FROM outbox WHERE topic = '{topic}.dead' AND aggregateid = 'book'"
    )
    assert published == 4
    await db.close()


async def test_a_dead_letter_can_be_replayed_once_the_cause_is_mended(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    stream = notes_stream(topic)
    async with Sending(kafka_bootstrap, topic) as send:
        await send.note("poison")
        async with running(consumer(db, kafka_bootstrap, stream)):
            (letter,) = await until(
                lambda: db.read(dead_letters.list_open, stream.consumer), within=20
            )
    mended = replace(stream, apply=keep_all_notes)
    assert (
        await db.run(dead_letters.replay, mended, letter.dead_letter_id, now=wall_time())
        == "applied"
    )
    assert await db.read(kept) == ["poison"]
    assert await db.read(dead_letters.list_open, stream.consumer) == []
    await db.close()


async def test_a_header_name_that_is_not_text_stops_nothing(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    """What else the record says counts, as if that header were not there."""
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    records: list[RawRecord] = []
    for place, note in enumerate(("one", "two", "three")):
        value, headers = note_record(note)
        foreign = [(b"\xff\xfe", b"?")] if place == 1 else []
        records.append((b"book", value, [*headers, *foreign]))
    records.insert(1, (b"book", b"not json", [(b"\x80", None)]))
    await write_raw(kafka_bootstrap, topic, records)
    stream = notes_stream(topic)
    async with running(consumer(db, kafka_bootstrap, stream)):
        await until(lambda: kept_is(db, ["one", "two", "three"]), within=20)
    [letter] = await db.read(dead_letters.list_open, stream.consumer)
    assert (letter.offset, letter.reason) == (1, "not_json")
    await db.close()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_records_are_read_however_their_writer_compresses(
    codec: str, fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    value, headers = note_record("small " * 100)
    client = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, compression_type=codec)
    await client.start()
    await client.send_and_wait(topic, value, key=b"book", partition=0, headers=headers)
    await client.stop()
    async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
        await until(lambda: kept_is(db, ["small " * 100]), within=20)
    await db.close()


async def keep_all_notes(connection, events, /, *, now):
    for event in events:
        await connection.execute(
            text("INSERT INTO kept (note) VALUES (:note)"), {"note": event.data.note}
        )
    return [Applied() for _ in events]
