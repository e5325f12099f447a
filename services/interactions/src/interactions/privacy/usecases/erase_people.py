"""Begins erasures that identity has announced, and reports those that are done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.db import Transaction
from common.erasing import Finished, begin_erasure
from common.messaging import outbox
from interactions.context.usecases.erasures import AnnouncedErasure
from interactions.privacy.events.published import InteractionsErasureCompletedV1
from interactions.privacy.store.people import delete_copies, list_values


async def begin_erasures(
    tx: Transaction, announced: Sequence[AnnouncedErasure], *, now: datetime
) -> None:
    """Forget who these people are, and queue the erasure of what they said.

    The same erasure is announced on the key of each id; the first one begins it.
    """
    distinct: Mapping[UUID, AnnouncedErasure] = {each.erasure_id: each for each in announced}
    for each in distinct.values():
        values = await list_values(tx, each.tenant_id, each.customer_ids)
        await begin_erasure(
            tx,
            each.tenant_id,
            each.erasure_id,
            subject_ids=each.customer_ids,
            values=values,
            now=now,
        )
        await delete_copies(tx, each.tenant_id, each.customer_ids)


@dataclass(frozen=True)
class Reporter:
    """``retention`` is how long topics keep what was published."""

    retention: timedelta

    async def report(self, tx: Transaction, finished: Finished) -> None:
        """Tell identity what was erased."""
        event = outbox.OutboxEvent(
            data=InteractionsErasureCompletedV1(
                erasure_id=finished.erasure_id,
                counts=finished.counts,
                completed_at=finished.now,
                records_expire_at=finished.now + self.retention,
            ),
            tenant_id=finished.tenant_id,
            key=str(finished.erasure_id),
            subject_id=str(finished.erasure_id),
            sequence=1,
            occurred_at=finished.now,
            now=finished.now,
        )
        await outbox.record(tx, [event])
