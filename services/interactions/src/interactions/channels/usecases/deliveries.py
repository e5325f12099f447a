"""Provider deliveries: stored first, read later, quarantined if they cannot be read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common.db import Transaction
from common.errors import ServiceError
from interactions.channels.kit.adapter import Headers
from interactions.channels.store import deliveries as store
from interactions.channels.store.deliveries import StoredDelivery
from interactions.history import RecordInteractions, Resolved, bounded_key, record_interactions


@dataclass(frozen=True, slots=True)
class StoreDelivery:
    """A provider's call with a valid signature."""

    tenant_id: str
    provider: str
    account: str
    key: str | None
    headers: Headers
    body: bytes


async def store_delivery(tx: Transaction, command: StoreDelivery, *, now: datetime) -> bool:
    """Store the call in the vault; return False if it is already there."""
    del now  # the vault reads the database's clock after its transaction has begun
    return await store.insert_delivery(
        tx,
        tenant_id=command.tenant_id,
        provider=command.provider,
        account=command.account,
        key=None if command.key is None else bounded_key(command.key),
        headers=command.headers,
        body=command.body,
    )


@dataclass(frozen=True, slots=True)
class Understood:
    """A delivery with its messages, or the reason why it could not be read."""

    delivery: StoredDelivery
    items: Sequence[Resolved] = ()
    unreadable: str | None = None
    is_erased: bool = False
    """Whether it has a message of somebody who is erased: its content must not stay."""


@dataclass(frozen=True, slots=True)
class RecordDeliveries:
    """Deliveries of one tenant, in order of arrival."""

    tenant_id: str
    understood: Sequence[Understood]
    window: timedelta


async def record_deliveries(
    tx: Transaction, command: RecordDeliveries, *, now: datetime
) -> Counter[tuple[str, str]]:
    """Record the messages, and mark each delivery processed or quarantined with its reason.

    Returns the number of deliveries by provider and outcome. It is idempotent because every message
    carries its provider's key.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    items = [item for u in command.understood for item in u.items]
    recording = RecordInteractions(command.tenant_id, items, command.window)
    answers = iter(await record_interactions(tx, recording, now=now) if items else ())
    finished: list[tuple[StoredDelivery, str | None]] = []
    for understood in command.understood:
        refused = [a for _ in understood.items if isinstance(a := next(answers), ServiceError)]
        reason = understood.unreadable or (refused[0].detail if refused else None)
        finished.append((understood.delivery, reason))
        outcome = "quarantined" if reason else "processed"
        outcomes[understood.delivery.provider, outcome] += 1
    await store.mark_finished(tx, command.tenant_id, finished)
    emptied = [u.delivery for u in command.understood if u.is_erased]
    if emptied:
        await store.mark_emptied(tx, command.tenant_id, emptied)
    return outcomes


@dataclass(frozen=True, slots=True)
class RedriveDeliveries:
    """Quarantined deliveries to process again; all of the tenant's if ``ids`` is None."""

    tenant_id: str
    ids: tuple[UUID, ...] | None = None


async def redrive_deliveries(tx: Transaction, command: RedriveDeliveries, *, now: datetime) -> int:
    """Queue the deliveries again and return how many. Messages keep their ids and keys."""
    del now
    return await store.mark_received(tx, command.tenant_id, command.ids)
