"""Keep our copy of customers up with what identity tells: who is one with whom, and who they are.

The number of statements depends on what kinds of events a batch holds, never on how many.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from interactions.context.domain.aliases import Merge, plan_aliases
from interactions.context.domain.profiles import Change, Entry, Profile, fold
from interactions.context.store import profiles as store
from interactions.context.store.profiles import Key, KnownIdentifier
from interactions.history import lookup_key


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """One event about a customer: a change of its profile, a merge, or both."""

    tenant_id: str
    customer_id: UUID
    recorded_at: datetime
    change: Change | None = None
    merge: Merge | None = None

    @property
    def key(self) -> Key:
        return self.tenant_id, self.customer_id


async def project_customers(
    tx: Transaction, facts: Sequence[CustomerFact], *, now: datetime
) -> list[bool]:
    """Apply a batch; repeated, old or reordered facts leave the same copy behind.

    Returns for each fact whether it was news; false means that something newer is known already.
    """
    await _unite(tx, facts)
    before, after = await _fold_profiles(tx, facts, now=now)
    gone, known = _spelling_changes(facts, before, after)
    if gone:
        await store.forget_identifiers(tx, gone)
    if known:
        await store.save_identifiers(tx, known)
    return [fact.merge is not None or _is_news(fact, before) for fact in facts]


async def _unite(tx: Transaction, facts: Sequence[CustomerFact]) -> None:
    """Make the aliases say what the merges say; without merges, see that each id has a row."""
    merging = sorted({fact.tenant_id for fact in facts if fact.merge is not None})
    if not merging:
        await store.add_aliases(tx, sorted({fact.key for fact in facts}))
        return
    await store.lock_aliases(tx, merging)
    mentioned = {fact.key for fact in facts} | {
        (fact.tenant_id, one) for fact in facts if fact.merge for one in fact.merge.ids()
    }
    aliases = await store.list_aliases(tx, sorted(mentioned))
    moves: dict[Key, UUID] = {}
    rows: dict[Key, UUID] = {}
    for tenant_id in sorted({fact.tenant_id for fact in facts}):
        plan = plan_aliases(
            {one: canonical for (tenant, one), canonical in aliases.items() if tenant == tenant_id},
            [fact.merge for fact in facts if fact.merge and fact.tenant_id == tenant_id],
            mentioned=[one for tenant, one in mentioned if tenant == tenant_id],
        )
        moves |= {(tenant_id, former): target for former, target in plan.moves.items()}
        rows |= {(tenant_id, one): target for one, target in plan.rows.items()}
    await store.save_aliases(tx, moves=moves, rows=rows)


async def _fold_profiles(
    tx: Transaction, facts: Sequence[CustomerFact], *, now: datetime
) -> tuple[dict[Key, Profile], dict[Key, Profile]]:
    """Write what the changes make of the profiles; return the touched ones before and after."""
    changes: dict[Key, list[Change]] = {}
    for fact in facts:
        if fact.change is not None:
            changes.setdefault(fact.key, []).append(fact.change)
    if not changes:
        return {}, {}
    stored = await store.lock_profiles(tx, sorted(changes))
    before = {key: stored.get(key, Profile()) for key in changes}
    after = {key: fold(before[key], found) for key, found in changes.items()}
    news = {key: profile for key, profile in after.items() if profile != before[key]}
    if news:
        await store.save_profiles(tx, news, now=now)
    return before, after


def _is_news(fact: CustomerFact, before: Mapping[Key, Profile]) -> bool:
    return fact.change is not None and fact.change.version > before[fact.key].version


def _spelling_changes(
    facts: Sequence[CustomerFact], before: Mapping[Key, Profile], after: Mapping[Key, Profile]
) -> tuple[list[KnownIdentifier], list[KnownIdentifier]]:
    """Return the spellings that lead to a customer no more, and those that do from now on."""
    asserted = {(fact.key, fact.change.version): fact.recorded_at for fact in facts if fact.change}
    latest = {fact.key: fact.recorded_at for fact in facts}
    gone: list[KnownIdentifier] = []
    known: list[KnownIdentifier] = []
    for key in sorted(after):
        had, has = set(before[key].live()), set(after[key].live())
        kept = {_place(one) for entry in has for one in _spelled(key, entry, latest[key])}
        gone += [
            one
            for entry in had - has
            for one in _spelled(key, entry, latest[key])
            if _place(one) not in kept
        ]
        for entry in has - had:
            known += _spelled(key, entry, asserted.get((key, entry.version), latest[key]))
    return gone, known


def _spelled(key: Key, entry: Entry, asserted_at: datetime) -> Iterator[KnownIdentifier]:
    one = entry.identifier
    for spelling in sorted({lookup_key(one.type, s) for s in entry.spellings}):
        yield KnownIdentifier(
            tenant_id=key[0],
            type=one.type,
            scope=one.scope or "",
            lookup_key=spelling,
            customer_id=key[1],
            level=one.level,
            asserted_at=asserted_at,
        )


def _place(known: KnownIdentifier) -> tuple[str, str, str]:
    return known.type, known.scope, known.lookup_key
