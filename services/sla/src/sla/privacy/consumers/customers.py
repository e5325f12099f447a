"""Consumes ``identity.customers`` for the one event about customers that concerns clocks."""

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from common.erasing import begin_erasure
from common.messaging import Applied, Outcome, Received, Stream, source_of
from sla.privacy.events import consumed


def customers_stream() -> Stream:
    """Return the stream of customers who are erased."""
    return Stream(
        consumer=consumed.CONSUMER,
        topic=consumed.TOPIC,
        decoders={("identity.customer.erased", 1): consumed.CustomerErased},
        apply=_apply,
        source=source_of(consumed.SERVICE),
    )


async def _apply(
    tx: Transaction, events: Sequence[Received], /, *, now: datetime
) -> Sequence[Outcome]:
    """Begin each erasure once: it is announced on the key of every id."""
    for event in events:
        data: consumed.CustomerErased = event.data
        await begin_erasure(
            tx,
            event.envelope.tenant_id,
            data.erasure_id,
            subject_ids=data.customer_ids,
            values=(),
            now=now,
        )
    return [Applied() for _ in events]
