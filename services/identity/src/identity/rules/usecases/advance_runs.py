"""Carries on with a run, a page at a time: each page and the position are one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from common.ids import new_id
from common.messaging import outbox
from common.runtime import in_turns
from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.store.customers import list_customers_by_ids
from identity.events.announcing import announce
from identity.registry.domain.tenant_rules import TenantRules
from identity.registry.store.rule_sets import find_in_force
from identity.registry.usecases.tenant_rules import get_tenant_rules
from identity.resolution.domain.context import Context
from identity.resolution.domain.roster import Roster
from identity.resolution.store.connected import get_connected
from identity.resolution.store.rosters import save_roster
from identity.resolution.usecases.locked_plan import plan_under_locks
from identity.rules.domain.effects import Effect, counts_of, first_of_each
from identity.rules.domain.enforcement import Enforcer
from identity.rules.domain.runs import Kind, Phase, Run, State
from identity.rules.store import stored
from identity.rules.store.runs import insert_effects, lock_next_run, save_run

MAX_IDENTIFIERS = 1_000
"""Customers of a page that are connected with more are looked at in smaller pages."""
_NIL = UUID(int=0)
_FIRST_KEY = IdentifierKey("", "", "")

Item = UUID | IdentifierKey
"""A customer or a quarantined identifier."""


@dataclass(frozen=True, slots=True)
class AdvanceRuns:
    """Look at ``count`` more customers, by the ``service``'s limits where no rules say other."""

    service: CustomerLimits
    count: int


async def advance_runs(tx: Transaction, command: AdvanceRuns, *, now: datetime) -> UUID | None:
    """Carry on with the run that waits longest, and return it; None if none is unfinished."""
    run = await lock_next_run(tx)
    if run is None:
        return None
    if run.kind is Kind.APPLICATION and not await _is_in_force(tx, run):
        await save_run(tx, replace(run, state=State.SUPERSEDED, advanced_at=now, finished_at=now))
        return run.id
    rules = await get_tenant_rules(tx, run.tenant_id, command.service, run.version)
    page = await _Page.next(tx, run, command.count)
    if run.customers is None:
        run = replace(run, customers=await stored.count_customers(tx, run.tenant_id))
    if page.items:
        effects, page = await _look_at(tx, run, page, rules, now=now)
        new = await insert_effects(tx, run, effects)
        run = replace(run, counts=run.counts + counts_of(new))
    await save_run(tx, page.after(run, now=now))
    return run.id


async def _is_in_force(tx: Transaction, run: Run) -> bool:
    return (await find_in_force(tx, run.tenant_id)).version == run.version


@dataclass(frozen=True, slots=True)
class _Page:
    items: Sequence[Item]
    is_last: bool

    @classmethod
    async def next(cls, tx: Transaction, run: Run, count: int) -> "_Page":
        if run.phase is Phase.QUARANTINE:
            after = IdentifierKey(**run.position) if run.position else _FIRST_KEY
            keys = await stored.list_quarantined_keys(tx, run.tenant_id, after=after, count=count)
            return cls(keys, is_last=len(keys) < count)
        last = UUID(run.position["customer_id"]) if run.position else _NIL
        ids = await stored.list_customer_ids(tx, run.tenant_id, after=last, count=count)
        return cls(ids, is_last=len(ids) < count)

    def half(self) -> "_Page":
        return _Page(self.items[: len(self.items) // 2], is_last=False)

    def after(self, run: Run, *, now: datetime) -> Run:
        """Return the run when it is through with this page."""
        run = replace(run, failures=0, problem=None, advanced_at=now)
        if run.phase is Phase.PERSONS:
            run = replace(run, visited=run.visited + len(self.items))
        if not self.is_last:
            last = self.items[-1]
            position = (
                last._asdict() if isinstance(last, IdentifierKey) else {"customer_id": str(last)}
            )
            return replace(run, position=position)
        following = run.phase.next(run.kind)
        if following is None:
            return replace(run, state=State.DONE, finished_at=now)
        return replace(run, phase=following, position={})


async def _look_at(
    tx: Transaction, run: Run, page: _Page, rules: TenantRules, *, now: datetime
) -> tuple[list[Effect], _Page]:
    """Return what the rules do to the customers of the page, of which it may take only a part."""
    context = Context(limits=rules.limits, now=now, new_id=new_id)
    is_application = run.kind is Kind.APPLICATION
    enforcer = Enforcer(rules, context)
    loader = _Loader(tx, run, enforcer, now)
    while True:
        roster, keys = await loader.load(page.items)
        if len(page.items) == 1 or len(roster.keys) <= MAX_IDENTIFIERS:
            break
        page = page.half()
    if not is_application:
        roster.versions.do_without()
        return await _enforce(enforcer, roster, run.phase, page.items), page

    async def load() -> Roster:
        return (await loader.load(page.items))[0]

    async def plan(roster: Roster) -> list[Effect]:
        return await _enforce(enforcer, roster, run.phase, page.items)

    roster, effects = await plan_under_locks(
        tx,
        run.tenant_id,
        load=load,
        plan=plan,
        keys=frozenset(keys),
        customers=frozenset(item for item in page.items if isinstance(item, UUID)),
    )
    pending = roster.pending
    if pending.changes or pending.quarantined or pending.recovered:
        await save_roster(tx, run.tenant_id, roster, now=now)
        events = announce(pending.changes, tenant_id=run.tenant_id, now=now)
        await outbox.record(tx, events)
    return effects, page


async def _enforce(
    enforcer: Enforcer, roster: Roster, phase: Phase, items: Sequence[Item]
) -> list[Effect]:
    effects: list[Effect] = []
    async for item in in_turns(items):
        if isinstance(item, IdentifierKey):
            effects += enforcer.enforce_on_entry(roster, item)
        elif phase is Phase.BOUNDS:
            effects += enforcer.measure(roster, item)
        elif phase is Phase.PERSONS:
            effects += enforcer.enforce_on_person(roster, item)
        else:
            enforcer.enforce_on_visitor(roster, item)
    return first_of_each(effects)


@dataclass(frozen=True, slots=True)
class _Loader:
    """Loads the items of a page, with what they are connected with by the rules if it matters."""

    tx: Transaction
    run: Run
    enforcer: Enforcer
    now: datetime

    async def load(self, items: Sequence[Item]) -> tuple[Roster, set[IdentifierKey]]:
        """Return the roster, and the quarantined identifiers that the rules let go of."""
        released = {item for item in items if isinstance(item, IdentifierKey)}
        ids = [item for item in items if isinstance(item, UUID)]
        tenant_id = self.run.tenant_id
        customers = await list_customers_by_ids(self.tx, tenant_id, ids) if ids else []
        if self.run.phase is Phase.BOUNDS:
            version = self.enforcer.rules.limits.rules_version
            return Roster(customers, rules_version=version), set()
        keys = {key for customer in customers for key in customer.identifiers}
        while True:
            roster = await get_connected(
                self.tx,
                tenant_id,
                keys | released,
                self.enforcer.rules,
                now=self.now,
                through_quarantine=True,
            )
            more = await self._released_beside(roster) - released
            if not more:
                return roster, released
            released |= more

    async def _released_beside(self, roster: Roster) -> set[IdentifierKey]:
        beside = roster.evidence.keys - roster.keys
        if not beside:
            return set()
        entries, links = await stored.list_quarantined(self.tx, self.run.tenant_id, beside)
        return self.enforcer.released(entries, links) if entries else set()
