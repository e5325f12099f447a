"""Consumes ``identity.customers``: where ids of customers lead, and whom to let go of.

A merge changes no fact, so it restarts, doubles and declares no clock.
"""

from collections.abc import Awaitable, Iterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from common.db import Transaction
from common.messaging import Applied, Outcome, Received, Stream, source_of
from sla.customers.events import consumed
from sla.customers.store.pointers import HEARSAY, Pointer, save_pointers


class BeginErasures(Protocol):
    """Begin the erasures that are announced, within this transaction."""

    def __call__(
        self, tx: Transaction, announced: Sequence[Received], /, *, now: datetime
    ) -> Awaitable[None]: ...


def customers_stream(begin_erasures: BeginErasures) -> Stream:
    """Return the stream of what becomes of customers."""

    async def apply(
        tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        await save_pointers(tx, [pointer for event in events for pointer in _pointers(event)])
        erased = [each for each in events if isinstance(each.data, consumed.CustomerErased)]
        await begin_erasures(tx, erased, now=now)
        return [Applied() for _ in events]

    return Stream(
        consumer=consumed.CONSUMER,
        topic=consumed.TOPIC,
        decoders={
            ("identity.customer.erased", 1): consumed.CustomerErased,
            ("identity.customer.merged", 1): consumed.CustomerMerged,
            ("identity.customer.redirected", 1): consumed.CustomerRedirected,
            ("identity.customer.unmerged", 1): consumed.CustomerUnmerged,
        },
        apply=apply,
        source=source_of(consumed.SERVICE),
    )


def _pointers(event: Received) -> Iterator[Pointer]:
    """Yield where ids lead: with a version on the id's own key, else until that is known."""
    data, version = event.data, event.envelope.sequence
    if isinstance(data, consumed.CustomerMerged):
        yield from _all_to(event, data.survivor_id, data.absorbed_ids)
    elif isinstance(data, consumed.CustomerRedirected):
        yield _pointer(event, data.customer_id, data.survivor_id, version)
    elif isinstance(data, consumed.CustomerUnmerged):
        yield _pointer(event, data.customer_id, data.customer_id, version)
        yield from _all_to(event, data.customer_id, data.merged_ids)
        for restored in data.restored:
            yield _pointer(event, restored.customer_id, restored.customer_id, restored.version)
            yield from _all_to(event, restored.customer_id, restored.merged_ids)


def _all_to(event: Received, target_id: UUID, customer_ids: Sequence[UUID]) -> Iterator[Pointer]:
    for customer_id in customer_ids:
        if customer_id != target_id:
            yield _pointer(event, customer_id, target_id, HEARSAY)


def _pointer(event: Received, customer_id: UUID, target_id: UUID, version: int) -> Pointer:
    envelope = event.envelope
    return Pointer(envelope.tenant_id, customer_id, target_id, version, envelope.recorded_at)
