"""Retires customers that earlier versions made of nothing usable, a batch at a time, once."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter

from common.db import Transaction, on_commit
from common.messaging import outbox
from identity.events.published import CustomerRetiredV1
from identity.retirement import metrics
from identity.retirement.store import empty_customers
from identity.retirement.store.empty_customers import Position, Retired


@dataclass(frozen=True, slots=True)
class Round:
    """How many customers were looked at; ``finished`` if none is left."""

    customers: int
    finished: bool


async def retire_customers(tx: Transaction, *, count: int, now: datetime) -> Round:
    """Look at the next ``count`` customers, and retire the empty ones among them.

    Only those count that were there when the search began: a customer who is empty today has lost
    its identifiers since, and may get them back.
    """
    position = await empty_customers.lock_position(tx, now=now)
    if position is None:
        return Round(0, finished=True)
    customers = await empty_customers.list_customers(tx, position, count=count)
    for tenant_id, own in groupby(customers, key=itemgetter(0)):
        ids = [customer_id for _, customer_id in own]
        retired = await empty_customers.mark_retired(
            tx, tenant_id, ids, before=position.began_at, now=now
        )
        await outbox.record(tx, [_event(tenant_id, each, now) for each in retired])
        on_commit(tx, partial(metrics.RETIRED.inc, len(retired)))
    finished = len(customers) < count
    if customers:
        position = Position(position.began_at, *customers[-1])
    await empty_customers.save_position(tx, position, finished=finished)
    return Round(len(customers), finished)


def _event(tenant_id: str, retired: Retired, now: datetime) -> outbox.OutboxEvent:
    return outbox.OutboxEvent(
        data=CustomerRetiredV1(
            customer_id=retired.customer_id, reason="nothing_usable", retired_at=now
        ),
        tenant_id=tenant_id,
        key=str(retired.customer_id),
        subject_id=str(retired.customer_id),
        sequence=retired.version,
        occurred_at=now,
        now=now,
    )
