"""Where a consumer stands in a topic: its database says it, whatever the broker has."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import wall_time
from common.errors import ConflictError
from common.messaging import ensure_topics
from common.messaging.inbox import claims, dead_letters
from common.settings import KafkaSettings
from devstack.testing.kafka import NewTopicFor
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from libs.common.tests.kafka.consuming import Sending, consumer, kept_is
from libs.common.tests.kafka.test_relay import running
from libs.common.tests.plumbing import database, make_kept, notes_stream, scalar

pytestmark = pytest.mark.kafka


async def test_a_restart_goes_on_where_the_database_stands(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    async with Sending(kafka_bootstrap, topic) as send:
        await send.note("one")
        async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
            await until(lambda: kept_is(db, ["one"]), within=20)
        await send.note("two")
        async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
            await until(lambda: kept_is(db, ["one", "two"]), within=20)
    await db.close()


async def test_the_database_wins_over_what_kafka_remembers(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    async with Sending(kafka_bootstrap, topic) as send:
        for note in ("one", "two"):
            await send.note(note)
        async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
            await until(lambda: kept_is(db, ["one", "two"]), within=20)

    async def restore_to_an_earlier_time(connection):
        for statement in (
            "TRUNCATE kept, inbox",
            "UPDATE consumer_progress SET next_offset = 0",
        ):
            await connection.execute(text(statement))

    await db.run(restore_to_an_earlier_time)
    async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
        await until(lambda: kept_is(db, ["one", "two"]), within=20)
    await db.close()


async def test_records_that_are_gone_stop_the_stream_loudly(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)

    async def stand_where_nothing_is(connection):
        await connection.execute(
            text(
                "INSERT INTO consumer_progress (consumer, topic, partition, next_offset)"
                " VALUES ('notes.keeper', :topic, 0, 7)"
            ),
            {"topic": topic},
        )

    await db.run(stand_where_nothing_is)
    stopped = consumer(db, kafka_bootstrap, notes_stream(topic))
    async with Sending(kafka_bootstrap, topic) as send, running(stopped):
        await send.note("neither skipped to nor skipped")
        reason = "not consuming: OffsetsLostError"
        await until(lambda: stopped.healthy() == reason, within=20)
    assert await kept_is(db, [])
    assert await db.read(scalar, "SELECT next_offset FROM consumer_progress") == 7
    await db.close()


async def test_a_topic_that_was_made_anew_and_is_longer_is_read_whole_without_old_progress(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)

    async def forget_progress(connection: AsyncConnection) -> None:
        await connection.execute(text("DELETE FROM consumer_progress"))

    async with Sending(kafka_bootstrap, topic) as send:
        await send.note("one")
        await send.note("two")
    async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
        await until(lambda: kept_is(db, ["one", "two"]), within=20)
    await make_anew(kafka_bootstrap, topic)
    async with Sending(kafka_bootstrap, topic) as send:
        for note in ("three", "four", "five"):
            await send.note(note)
    async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
        await until(lambda: kept_is(db, ["one", "two", "five"]), within=20)
    await db.run(forget_progress)
    async with running(consumer(db, kafka_bootstrap, notes_stream(topic))):
        await until(lambda: kept_is(db, ["one", "two", "five", "three", "four"]), within=20)
    await db.close()


async def make_anew(bootstrap: str, topic: str) -> None:
    """Delete a topic and make it again with one partition, as an operator might."""
    operator = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await operator.start()
    await operator.delete_topics([topic])

    async def is_gone() -> bool:
        return topic not in await operator.list_topics()

    await until(is_gone, within=20, every=0.1)
    await operator.close()
    await ensure_topics(KafkaSettings(bootstrap=bootstrap, partitions=1), [topic])


async def test_an_operator_moves_a_stream_past_records_and_it_is_noted(
    fresh_dsn: FreshDsn, kafka_bootstrap: str, new_topic: NewTopicFor
):
    topic, db = await new_topic(partitions=1), database(fresh_dsn("common"))
    await db.run(make_kept)
    stream = notes_stream(topic)

    async def skip(at: int, to: int) -> None:
        await db.run(dead_letters.skip, stream, 0, at=at, to=to, service="notes", now=wall_time())

    async with Sending(kafka_bootstrap, topic) as send:
        for note in ("one", "two", "three"):
            await send.note(note)
        await db.run(claims.ensure_positions, stream.consumer, topic, {0: 0})
        with pytest.raises(ConflictError):
            await skip(1, 2)
        await skip(0, 2)
        async with running(consumer(db, kafka_bootstrap, stream)):
            await until(lambda: kept_is(db, ["three"]), within=20)
            await skip(3, 4)  # under a running consumer, which is fenced and goes on from there
            for note in ("four", "five"):
                await send.note(note)
            await until(lambda: kept_is(db, ["three", "five"]), within=20)
    letters = await db.read(dead_letters.list_open, stream.consumer)
    assert [(one.offset, one.reason) for one in letters] == [(0, "skipped"), (3, "skipped")]
    await db.close()
