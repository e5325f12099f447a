"""Record what somebody is telling us right now.

An interaction that comes without a time happens when we receive it, and it is received when nothing
can be concluded from its absence any more: before that, a deadline might pass for certain while the
answer that meets it waits for a connection. So the time is taken within the transaction. Stored
deliveries need none of this, since the watermark waits for them from the moment they are stored.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import ServiceError
from common.moments import held_moment
from interactions.domain.timing import GIVEN, judge_time
from interactions.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    Resolved,
    record_interactions,
)


async def record_received(
    connection: AsyncConnection, command: RecordInteractions, *, now: datetime
) -> list[Recorded | ServiceError]:
    """Do as ``record_interactions``, and date what came without a time that can be believed."""
    if not all(map(_is_dated, command.items)):
        at = await held_moment(connection)
        items = [i if _is_dated(i) else _received(i, at) for i in command.items]
        command = replace(command, items=items)
    return await record_interactions(connection, command, now=now)


def _is_dated(item: Resolved) -> bool:
    draft = item.draft
    return judge_time(draft.occurred_at, received_at=draft.received_at).source == GIVEN


def _received(item: Resolved, at: datetime) -> Resolved:
    return replace(item, draft=replace(item.draft, received_at=at))
