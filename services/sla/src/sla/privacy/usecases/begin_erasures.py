"""Begins erasures that identity has announced."""

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from common.erasing import begin_erasure
from common.messaging import Received


async def begin_erasures(tx: Transaction, announced: Sequence[Received], *, now: datetime) -> None:
    """Begin each erasure once: it is announced on the key of every id."""
    for event in announced:
        await begin_erasure(
            tx,
            event.envelope.tenant_id,
            event.data.erasure_id,
            subject_ids=event.data.customer_ids,
            values=(),
            now=now,
        )
