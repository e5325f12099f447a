"""Record what somebody is telling us right now.

An interaction that comes without a time happens when we receive it, and it is received when nothing
can be concluded from its absence any more: before that, a deadline might pass for certain while the
answer that meets it waits for a connection. So the time is taken within the transaction. Stored
deliveries need none of this, since the watermark waits for them from the moment they are stored.
"""

from datetime import datetime

from common.db import Transaction, hold_watermark
from common.errors import ServiceError
from interactions.history.domain.times import GIVEN, judge_time, judge_times
from interactions.history.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    record_interactions,
)


async def record_received(
    tx: Transaction, command: RecordInteractions, *, now: datetime
) -> list[Recorded | ServiceError]:
    """Do as ``record_interactions``, and date what came without a time that can be believed."""
    moments = judge_times([item.draft for item in command.items])
    if any(moment.source != GIVEN for moment in moments):
        at = await hold_watermark(tx)
        moments = [
            m if m.source == GIVEN else judge_time(item.draft.occurred_at, received_at=at)
            for item, m in zip(command.items, moments, strict=True)
        ]
    return await record_interactions(tx, command, now=now, moments=moments)
