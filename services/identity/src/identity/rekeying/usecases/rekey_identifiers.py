"""Brings stored identifiers to the normaliser's present version, a batch at a time."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from common.db import Transaction, on_commit
from common.ids import new_id
from common.messaging import outbox
from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.events.announcing import announce
from identity.registry.domain.tenant_rules import TenantRules
from identity.registry.usecases.tenant_rules import get_tenant_rules
from identity.rekeying import metrics
from identity.rekeying.domain.rekey_plan import Rekeying, RekeyOutcome, new_key, rekey
from identity.rekeying.store.old_keys import insert_conflicts, list_old_keys, mark_current
from identity.resolution.domain.roster import Roster
from identity.resolution.store.connected import get_connected
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import plan_under_locks


@dataclass(frozen=True, slots=True)
class RekeyIdentifiers:
    """Re-key up to ``count`` identifiers of one tenant. ``service`` are the service's limits."""

    service: CustomerLimits
    count: int


async def rekey_identifiers(tx: Transaction, command: RekeyIdentifiers, *, now: datetime) -> int:
    """Return how many identifiers were of an older version; 0 when all are done.

    An identifier with no key any more, or whose key another customer keeps, stays with its customer
    as it is, and nothing finds it by that.
    """
    tenant_id, old_keys = await list_old_keys(tx, count=command.count)
    if not old_keys:
        return 0
    rules = await get_tenant_rules(tx, tenant_id, command.service)
    moves: list[tuple[IdentifierKey, IdentifierKey]] = []
    done = Rekeying()
    for old in old_keys:
        key = new_key(old, rules.types)
        if key is None:
            done.outcomes[RekeyOutcome.UNUSABLE] += 1
        elif key == old.key:
            done.outcomes[RekeyOutcome.UNCHANGED] += 1
        else:
            moves.append((old.key, key))
    if moves:
        moved = await _move(tx, tenant_id, moves, rules, now=now)
        done.outcomes += moved.outcomes
    await mark_current(tx, tenant_id, [old.key for old in old_keys])
    for outcome, number in done.outcomes.items():
        on_commit(tx, partial(metrics.REKEYED.labels(outcome.value).inc, number))
    return len(old_keys)


async def _move(
    tx: Transaction,
    tenant_id: str,
    moves: list[tuple[IdentifierKey, IdentifierKey]],
    rules: TenantRules,
    *,
    now: datetime,
) -> Rekeying:
    keys = frozenset(key for move in moves for key in move)

    async def plan(roster: Roster) -> Rekeying:
        return rekey(roster, moves, limits=rules.limits, new_id=new_id)

    roster, done = await plan_under_locks(
        tx,
        tenant_id,
        load=lambda: get_connected(tx, tenant_id, keys, rules, now=now),
        plan=plan,
        keys=keys,
    )
    if roster.pending:
        await save_roster(tx, tenant_id, roster, now=now)
        events = announce(roster.pending.changes, tenant_id=tenant_id, now=now)
        await outbox.record(tx, events)
    if done.conflicts:
        await insert_conflicts(tx, tenant_id, done.conflicts, now=now)
    return done
