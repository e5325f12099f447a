"""Interactions without a time get one that no watermark passes before they are published."""

from datetime import datetime

from sqlalchemy import text

from common.messaging.outbox import relay_store
from common.messaging.outbox.watermark import Watermark
from devstack.testing.postgres import rows_of
from interactions.history.usecases.record_received import record_received
from services.interactions.tests.factories import NOON, a_draft, a_reply, minutes, recording

TIMES = "SELECT occurred_at, received_at, time_source FROM interaction ORDER BY sequence"


async def test_a_watermark_never_passes_an_answer_whose_request_is_still_waiting(database):
    """Received long before its transaction began, committed after the next look."""
    statement = relay_store.fetch_statement(None)
    async with database.dedicated() as lock, database.dedicated() as slow:
        watermark = Watermark()

        async def reached() -> datetime:
            batch = await relay_store.fetch(lock, statement, shard=0, shards=1, limit=10)
            await relay_store.mark(lock, batch.rows)
            watermark.advance(batch, full=False)
            assert watermark.reached is not None
            return watermark.reached

        passed = await reached()
        await slow.execute(text("BEGIN"))
        await record_received(slow, recording(a_reply(received_at=NOON)), now=NOON)
        stands = [await reached(), await reached()]
        await slow.execute(text("COMMIT"))
        [answer] = await rows_of(database, TIMES)
        assert passed < answer.occurred_at
        assert max(stands) <= answer.occurred_at
        await reached()
        assert await reached() > answer.occurred_at


async def test_a_time_that_can_be_believed_is_left_alone(database):
    early = NOON - minutes(5)
    drafts = [a_draft(occurred_at=early), a_draft(), a_draft(occurred_at=NOON.replace(year=1999))]
    await database.run(record_received, recording(*drafts), now=NOON)
    given, missing, impossible = await rows_of(database, TIMES)
    assert (given.occurred_at, given.received_at, given.time_source) == (early, NOON, "given")
    assert missing.occurred_at == missing.received_at > NOON
    assert missing.time_source == "received"
    assert impossible.occurred_at == impossible.received_at > NOON
    assert impossible.time_source == "implausible"
