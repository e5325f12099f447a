"""Poison on every topic is dead-lettered with its reason, and the other records are applied."""

import os
from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest
from sqlalchemy import text

from common.messaging import Consumer, Record, Stream, inbox, rfc3339
from common.messaging.inbox import dead_letters
from common.messaging.inbox.batches import BatchHandler
from common.service import Service
from common.settings import KafkaSettings
from devstack.testing.kafka import NewTopicFor
from devstack.testing.records import write_raw
from devstack.testing.wait import until
from libs.common.tests.kafka.test_relay import running
from tests.security.input.mutations import batched, examples_of, mutations
from tests.security.input.poison import EVENTS, INBOUND, KEPT, TOPICS, poisons, record_of, sound
from tests.security.naming import Tenant
from tests.security.site import Site

pytestmark = pytest.mark.kafka

EXAMPLES, BATCH = 200 * int(os.environ.get("FUZZ_FACTOR", "1")), 40
APPLIED = {
    "identity.customers": "SELECT customer_id::text FROM customer_profile",
    "sla.clocks": "SELECT clock_id::text FROM sla_clock",
    "interactions.conversations": "SELECT conversation_id::text FROM conversation",
    INBOUND: "SELECT provider_message_id FROM interaction",
}


@pytest.mark.parametrize("topic", TOPICS)
async def test_exactly_the_bad_records_are_dead_lettered(
    topic: str, site: Site, alpha: Tenant, kafka_bootstrap: str, new_topic: NewTopicFor
):
    service, stream = site.reader(topic)
    stream = replace(stream, topic=await new_topic(partitions=1))
    expected: dict[int, tuple[str, str]] = {}
    subjects: set[str] = set()
    offset = 0
    for poison in poisons(topic, alpha.canaries.email):
        body, subject = sound(topic)
        await write_raw(kafka_bootstrap, stream.topic, [poison.record, record_of(topic, body)])
        if poison.outcome == KEPT:
            subjects.add(poison.subject)
        else:
            expected[offset] = poison.outcome, poison.name
        subjects.add(subject)
        offset += 2
    async with running(_reader(service, stream, kafka_bootstrap)):
        await until(lambda: _stands_at(service, stream, offset), within=50)
    letters = [
        letter
        for letter in await service.database.read(
            dead_letters.list_open, stream.consumer, limit=10_000
        )
        if letter.topic == stream.topic
    ]
    reasons = {letter.offset: letter.reason for letter in letters}
    assert {
        at: (reason, expected.get(at, ("", "?"))[1]) for at, reason in reasons.items()
    } == expected
    assert subjects <= await _applied(service, topic)
    assert await service.database.read(_watermark_is_no_lie, stream.topic)


async def test_a_watermark_on_the_inbound_topic_is_ignored(
    site: Site, kafka_bootstrap: str, new_topic: NewTopicFor
):
    """Check that callers cannot move a watermark, because deadlines depend on it."""
    service, stream = site.reader(INBOUND)
    stream = replace(stream, topic=await new_topic(partitions=1))
    stamp = ("watermark", rfc3339(service.clock.now()).encode())
    body, _ = sound(INBOUND)
    await write_raw(kafka_bootstrap, stream.topic, [record_of(INBOUND, body, stamp)])
    async with running(_reader(service, stream, kafka_bootstrap)):
        await until(lambda: _stands_at(service, stream, 1), within=30)
    for position in await service.database.read(inbox.list_positions):
        assert position.topic != stream.topic or position.watermark is None


@pytest.mark.parametrize("topic", TOPICS)
async def test_random_records_do_not_stop_a_consumer(topic: str, site: Site):
    """Check that the position moves past them and that the good record among them is applied."""
    service, stream = site.reader(topic)
    stream = replace(stream, topic=f"random-{uuid4().hex}")
    handler = BatchHandler(service.database, stream, service.clock)
    await service.database.run(inbox.ensure_positions, stream.consumer, stream.topic, {0: 0})
    position = 0
    for batch in batched(examples_of(mutations(topic), EXAMPLES), BATCH):
        body, subject = sound(topic)
        raws = [*batch, record_of(topic, body)]
        records = [
            Record(stream.topic, 0, position + place, key, value, headers)
            for place, (key, value, headers) in enumerate(raws)
        ]
        position = await handler.handle(position, records)
        assert position == records[-1].offset + 1
        assert subject in await _applied(service, topic)


async def test_a_second_event_with_the_same_id_is_ignored(
    site: Site, kafka_bootstrap: str, new_topic: NewTopicFor
):
    for topic in EVENTS:
        service, stream = site.reader(topic)
        stream = replace(stream, topic=await new_topic(partitions=1))
        (first, subject), (second, other) = sound(topic), sound(topic)
        (last, end) = sound(topic)
        records = [record_of(topic, body) for body in (first, second | {"id": first["id"]}, last)]
        await write_raw(kafka_bootstrap, stream.topic, records)
        async with running(_reader(service, stream, kafka_bootstrap)):
            await until(partial(_stands_at, service, stream, 3), within=30)
        applied = await _applied(service, topic)
        assert {subject, end} <= applied
        assert other not in applied


def _reader(service: Service, stream: Stream, bootstrap: str) -> Consumer:
    kafka = KafkaSettings(bootstrap=bootstrap)
    return Consumer(service.database, kafka, stream, clock=service.clock)


async def _stands_at(service: Service, stream: Stream, offset: int) -> bool:
    async def position(connection):
        result = await connection.execute(
            text("SELECT next_offset FROM consumer_progress WHERE topic = :topic"),
            {"topic": stream.topic},
        )
        return result.scalar_one_or_none()

    return await service.database.read(position) == offset


async def _applied(service: Service, topic: str) -> set[str]:
    async def ids(connection):
        return set((await connection.execute(text(APPLIED[topic]))).scalars())

    return await service.database.read(ids)


async def _watermark_is_no_lie(connection, topic: str) -> bool:
    result = await connection.execute(
        text(
            "SELECT coalesce(watermark, clock_timestamp()) <= clock_timestamp()"
            " FROM consumer_progress WHERE topic = :topic"
        ),
        {"topic": topic},
    )
    return result.scalar_one()
