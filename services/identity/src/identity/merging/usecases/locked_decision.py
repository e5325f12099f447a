"""Decides on locked customers: loads what they are connected with, decides, and writes."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from common.db import Transaction
from common.errors import UnavailableError
from common.ids import new_id
from common.messaging import outbox
from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.versions import VersionsNotLoadedError
from identity.customers.store.customers import list_customers_by_ids
from identity.events.announcing import announce
from identity.merging.domain.outcomes import Decider, Past, Situation
from identity.merging.store.pasts import get_past
from identity.registry.usecases.tenant_rules import get_tenant_rules
from identity.resolution.domain.context import Context
from identity.resolution.domain.roster import NotLoadedError, Roster
from identity.resolution.store.connected import get_connected
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import load_versions, plan_under_locks

T = TypeVar("T")

MAX_ATTEMPTS = 20
"""How often reads may disagree: other transactions change the same customers in between."""


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What every command to decide has. ``dry_run`` returns the outcome and changes nothing.

    ``limits`` are the service's, for tenants without rules of their own.
    """

    tenant_id: str
    decider: Decider
    limits: CustomerLimits
    dry_run: bool = False


async def decide_under_locks(
    tx: Transaction,
    request: DecisionRequest,
    decide: Callable[[Situation], T],
    *,
    ids: Iterable[UUID] = (),
    keys: Iterable[IdentifierKey] = (),
    now: datetime,
) -> T:
    """Return what comes of deciding about the customers of ``ids`` and ``keys``."""
    rules = await get_tenant_rules(tx, request.tenant_id, request.limits)
    context = Context(rules.limits, now, new_id)
    asked, also = tuple(ids), frozenset(keys)
    past, attempts = Past(), MAX_ATTEMPTS

    async def load() -> Roster:
        nonlocal past
        customers = await list_customers_by_ids(tx, request.tenant_id, asked)
        own = {key for customer in customers for key in customer.identifiers}
        roster = await get_connected(
            tx,
            request.tenant_id,
            own | also,
            rules,
            now=now,
            customers=customers,
        )
        past = await get_past(tx, request.tenant_id, map(roster.get, roster.customer_ids))
        return roster

    async def plan(roster: Roster) -> T:
        nonlocal attempts
        attempts -= 1
        if _agree(roster, past):
            return decide(Situation(roster, past, request.decider, context))
        if attempts:
            raise NotLoadedError
        raise UnavailableError("the customers keep changing; retry")

    if request.dry_run:
        return await _preview(tx, request.tenant_id, load, plan)
    roster, outcome = await plan_under_locks(
        tx, request.tenant_id, load=load, plan=plan, keys=also, load_whole=lambda _: load()
    )
    if roster.pending:
        await save_roster(tx, request.tenant_id, roster, now=now)
        events = announce(roster.pending.changes, tenant_id=request.tenant_id, now=now)
        await outbox.record(tx, events)
    return outcome


def _agree(roster: Roster, past: Past) -> bool:
    """Return whether no other transaction changed what was merged between two reads."""
    merged = {own_id for each in roster.customer_ids for own_id in roster.get(each).merged_ids}
    return merged == past.absorbed.keys()


async def _preview(
    tx: Transaction,
    tenant_id: str,
    load: Callable[[], Awaitable[Roster]],
    plan: Callable[[Roster], Awaitable[T]],
) -> T:
    """Return the outcome of reads that agree; nothing is locked for a preview."""
    reported: frozenset[UUID] = frozenset()
    while True:
        roster = await load()
        await load_versions(tx, tenant_id, roster, reported)
        try:
            return await plan(roster)
        except NotLoadedError:
            continue
        except VersionsNotLoadedError as error:
            reported |= error.ids
