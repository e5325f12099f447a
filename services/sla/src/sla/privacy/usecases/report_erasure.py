"""Tells identity that this service has let go of a customer."""

from dataclasses import dataclass
from datetime import timedelta

from common.db import Transaction
from common.erasing import Finished
from common.messaging import outbox
from sla.privacy.events.published import SlaErasureCompletedV1


@dataclass(frozen=True)
class Reporter:
    """``retention`` is how long topics keep what was published."""

    retention: timedelta

    async def report(self, tx: Transaction, finished: Finished) -> None:
        """Publish how many rows were emptied."""
        event = outbox.OutboxEvent(
            data=SlaErasureCompletedV1(
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
