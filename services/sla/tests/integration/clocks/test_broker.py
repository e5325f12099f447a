"""All parts of the service at work on a real broker."""

import asyncio
from datetime import timedelta

import pytest

from common.messaging import Outgoing, Producer, ensure_topics
from common.messaging.watermarks import Heartbeat
from common.runtime import run_components
from devstack.testing.postgres import FreshDsn
from devstack.testing.wait import until
from services.sla.tests.harness import POLICY, Desk, Publisher, client, running

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]


async def test_a_deadline_is_published_soon_after_it_passed(
    kafka_bootstrap: str, fresh_dsn: FreshDsn
):
    more = {"kafka": {"bootstrap": kafka_bootstrap}}
    async with running(fresh_dsn("sla"), **more) as service, client(service) as api:
        assert (await api.post("/v1/sla/policies", json=POLICY)).status_code == 201
        await ensure_topics(service.settings.kafka, service.topics)
        producer = Producer(service.settings.kafka, client_id="test")
        await producer.start()
        stop = asyncio.Event()
        parts = asyncio.create_task(
            run_components(service.parts("relay", "consumer", "timer"), stop)
        )
        try:
            published = await _breach(service, producer)
        finally:
            stop.set()
            await parts
            await producer.stop()
    assert all(row.published_at is not None for row in published)


async def _breach(service, producer: Producer):
    """Tell of a conversation that is due in a second; return the row of its breach."""
    desk, publisher = Desk(service), Publisher(service)
    conversation = publisher.conversation()
    conversation.opened(desk.now(-59))
    topic = service.streams["sla.conversations"].topic
    for record in publisher.records(watermark=desk.now()):
        await producer.send_all(
            [Outgoing(topic, 0, record.key, record.value or b"", record.headers)]
        )
    beat = asyncio.create_task(_heartbeats(topic, producer, desk))
    # The broker may have told of other conversations too.
    rows = (
        "SELECT published_at, payload FROM outbox WHERE type = 'sla.clock.breached'"
        f" AND aggregateid = '{conversation.id}'"
    )
    try:
        found = await until(
            lambda: desk.rows(f"{rows} AND published_at IS NOT NULL"), within=30, every=0.05
        )
    finally:
        beat.cancel()
    (delays,) = await desk.rows("SELECT detected_at - due_at AS late FROM clock WHERE due_at"
                                " IS NOT NULL AND state = 'breached'"
                                f" AND conversation_id = '{conversation.id}'")  # fmt: skip
    assert timedelta(0) <= delays.late < timedelta(seconds=5)
    return found


async def _heartbeats(topic: str, producer: Producer, desk: Desk) -> None:
    while True:
        watermark, ends = desk.now(), await producer.end_offsets(topic, [0])
        heartbeat = Heartbeat(topic, 0, ends[0], watermark)
        await producer.send_all([heartbeat.outgoing(service="interactions")])
        await asyncio.sleep(0.2)
