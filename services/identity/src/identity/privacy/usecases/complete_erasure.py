"""Collects the reports of the services, and signs the receipt when all have reported."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from common.db import Transaction
from common.erasing import Finished
from common.jsons import dumps_text
from identity.privacy.domain.erasures import Report, receipt_of
from identity.privacy.domain.receipts import ReceiptSigner
from identity.privacy.store.erasures import insert_report, lock_erasure, mark_complete

IDENTITY = "identity"


@dataclass(frozen=True)
class Completion:
    """``services`` are those that must report; ``retention`` is how long topics keep records."""

    services: Sequence[str]
    signer: ReceiptSigner
    retention: timedelta

    async def finish(self, tx: Transaction, finished: Finished) -> None:
        """Report what identity itself has erased: in the request, and in the steps since."""
        erasure = await lock_erasure(tx, finished.tenant_id, finished.erasure_id)
        if erasure is None:
            return
        report = Report(
            service=IDENTITY,
            counts={**erasure.counts, **finished.counts},
            completed_at=finished.now,
            records_expire_at=finished.now + self.retention,
        )
        await self.add_report(tx, finished.tenant_id, finished.erasure_id, report, now=finished.now)

    async def add_report(
        self, tx: Transaction, tenant_id: str, erasure_id: UUID, report: Report, *, now: datetime
    ) -> bool:
        """Store a report, and complete the erasure with the last one; False if it is no news."""
        if await lock_erasure(tx, tenant_id, erasure_id) is None:
            return False
        is_new = await insert_report(tx, tenant_id, erasure_id, report)
        erasure = await lock_erasure(tx, tenant_id, erasure_id)
        if erasure is None or erasure.completed_at is not None:
            return is_new
        if erasure.reported((IDENTITY, *self.services)):
            receipt = self.signer.sign(receipt_of(erasure, completed_at=now))
            complete = replace(erasure, completed_at=now, receipt=dumps_text(receipt))
            await mark_complete(tx, complete)
        return is_new
