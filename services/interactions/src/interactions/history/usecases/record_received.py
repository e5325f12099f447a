"""Record interactions as they are received.

An interaction without a time of its own happens when we receive it. That time is taken within the
transaction, while the watermark is held: otherwise a deadline might pass for certain while the
response that meets it waits for a connection. Stored deliveries need no such care, because the
watermark waits for them as soon as they are stored.
"""

from datetime import datetime

from common.db import Transaction
from common.errors import ServiceError
from common.messaging import outbox
from interactions.history.domain.interaction_time import TimeSource, judge_time, judge_times
from interactions.history.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    record_interactions,
)


async def record_received(
    tx: Transaction, command: RecordInteractions, *, now: datetime
) -> list[Recorded | ServiceError]:
    """Do as ``record_interactions``; items without a plausible time get the time of receipt."""
    times = judge_times([item.draft for item in command.items])
    if any(time.source is not TimeSource.GIVEN for time in times):
        at = await outbox.hold_watermark(tx)
        times = [
            time
            if time.source is TimeSource.GIVEN
            else judge_time(item.draft.occurred_at, received_at=at)
            for item, time in zip(command.items, times, strict=True)
        ]
    return await record_interactions(tx, command, now=now, times=times)
