"""Consumes the reports of other services about erasures."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.messaging import (
    Applied,
    ConsumedData,
    Ignored,
    Outcome,
    Received,
    Stream,
    source_of,
)
from identity.privacy.domain.erasures import Report
from identity.privacy.usecases.complete_erasure import Completion


class ErasureCompleted(ConsumedData):
    """Our copy of a service's report."""

    erasure_id: UUID
    counts: dict[str, int]
    completed_at: datetime
    records_expire_at: datetime


def topic_of(service: str) -> str:
    """Return the topic on which a service reports erasures."""
    return f"{service}.erasures"


def reports_stream(service: str, completion: Completion) -> Stream:
    """Return the stream of one service's reports."""

    async def apply(
        tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        return [await _apply(tx, event, now=now) for event in events]

    async def _apply(tx: Transaction, event: Received, *, now: datetime) -> Outcome:
        data: ErasureCompleted = event.data
        report = Report(service, data.counts, data.completed_at, data.records_expire_at)
        is_new = await completion.add_report(
            tx, event.envelope.tenant_id, data.erasure_id, report, now=now
        )
        return Applied() if is_new else Ignored("reported_before")

    return Stream(
        consumer=f"identity.{service}_erasures",
        topic=topic_of(service),
        decoders={(f"{service}.erasure.completed", 1): ErasureCompleted},
        apply=apply,
        source=source_of(service),
    )
