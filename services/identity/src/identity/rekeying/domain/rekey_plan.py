"""Gives stored identifiers the keys that they have under the normaliser's present version."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from identifiers import (
    BUILT_IN_TYPES,
    NORMALISER_VERSION,
    IdentifierKey,
    IdentifierType,
    Outcome,
    Rules,
    Unusable,
    UnusableReason,
    normalise,
)
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.resolution.domain.components import keep_links_from_before
from identity.resolution.domain.graph.clusters import cluster_of, reason_against
from identity.resolution.domain.graph.evidence import Link, LinkId
from identity.resolution.domain.placement import ENGINE
from identity.resolution.domain.roster import Roster

RULE = f"normaliser.v{NORMALISER_VERSION}"
REASON = "their identifiers are spellings of one"


@dataclass(frozen=True, slots=True)
class OldKey:
    """A stored identifier with a key of an older version."""

    key: IdentifierKey
    raw: str
    source: str | None


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """Two customers had one identifier, and proofs do not allow to make them one.

    ``customer_id`` lost it, at ``identifier.level``, to the customer ``held_by``.
    """

    key: IdentifierKey
    identifier: Identifier
    customer_id: UUID
    held_by: UUID
    reason: DropReason


class RekeyOutcome(StrEnum):
    """What became of an identifier."""

    UNCHANGED = "unchanged"
    MOVED = "moved"
    JOINED = "joined"
    """Its customer has the new key already."""
    MERGED = "merged"
    """Another customer had it, and the two are one now."""
    CONFLICT = "conflict"
    UNUSABLE = "unusable"
    """It has no key any more; it stays with its customer, and nothing finds it."""


@dataclass(slots=True)
class Rekeying:
    """The result of a batch."""

    outcomes: Counter[RekeyOutcome] = field(default_factory=Counter)
    conflicts: list[KeyConflict] = field(default_factory=list)


def new_key(
    old: OldKey, types: Mapping[str, IdentifierType] = BUILT_IN_TYPES
) -> IdentifierKey | None:
    """Return the key that the identifier has now, None if none.

    The first spelling counts, and where it needs a region that nobody kept, the old key's value.
    """
    rules = Rules(types, source=old.source)
    outcome: Outcome = normalise(old.key.type, old.raw, old.key.scope, rules)
    if isinstance(outcome, Unusable) and outcome.reason is not UnusableReason.BLOCKED:
        outcome = normalise(old.key.type, old.key.value, old.key.scope, rules)
    return None if isinstance(outcome, Unusable) else outcome.key


def rekey(
    roster: Roster,
    moves: Sequence[tuple[IdentifierKey, IdentifierKey]],
    *,
    limits: CustomerLimits,
    new_id: Callable[[], UUID],
) -> Rekeying:
    """Move identifiers from their old keys to their new ones, in order, on the roster.

    A move whose old key no customer has any more is left out: somebody else has made it.
    """
    done = Rekeying()
    for old, new in moves:
        customer = roster.owner(old)
        if customer is None:
            continue
        keep_links_from_before(roster, customer.id, types=limits.types)
        holder = roster.owner(new)
        if holder is None or holder.id == customer.id:
            done.outcomes[_move(roster, customer.id, old, new)] += 1
        else:
            keep_links_from_before(roster, holder.id, types=limits.types)
            customer, holder = roster.get(customer.id), roster.get(holder.id)
            _settle(roster, done, (customer, old), (holder, new), limits=limits, new_id=new_id)
    return done


def _move(
    roster: Roster, customer_id: UUID, old: IdentifierKey, new: IdentifierKey
) -> RekeyOutcome:
    moved = replace(roster.unlink(customer_id, old), key=new)
    for link in list(roster.evidence.around(old)):
        other = link.other(old)
        if other != new:
            roster.evidence.add(replace(link, id=LinkId.of(new, other, link.id.rule)))
    present = roster.get(customer_id).identifiers.get(new)
    if present is None:
        roster.link(customer_id, moved)
        return RekeyOutcome.MOVED
    if moved.level > present.level:
        roster.link(customer_id, replace(present, level=moved.level))
    return RekeyOutcome.JOINED


def _settle(
    roster: Roster,
    done: Rekeying,
    moving: tuple[Customer, IdentifierKey],
    holding: tuple[Customer, IdentifierKey],
    *,
    limits: CustomerLimits,
    new_id: Callable[[], UUID],
) -> None:
    """Decide between two customers with one identifier: merge them, or give it to one of them."""
    (customer, old), (holder, new) = moving, holding
    identifier, held = customer.identifiers[old], holder.identifiers[new]
    reason = _reason_apart(moving, holding, limits)
    if reason is None:
        survivor, absorbed = sorted(
            (customer, holder), key=lambda each: each.survivor_rank(limits.types)
        )
        cause = MergeCause(REASON, RULE, ENGINE, (_evidence(held),))
        roster.merge(survivor.id, [absorbed.id], merge_id=new_id(), cause=cause)
        _move(roster, survivor.id, old, new)
        done.outcomes[RekeyOutcome.MERGED] += 1
        return
    done.outcomes[RekeyOutcome.CONFLICT] += 1
    if identifier.level > held.level:
        lost = roster.unlink(holder.id, new)
        _move(roster, customer.id, old, new)
        done.conflicts.append(KeyConflict(new, lost, holder.id, customer.id, reason))
        return
    done.conflicts.append(KeyConflict(new, identifier, customer.id, holder.id, reason))


def _reason_apart(
    moving: tuple[Customer, IdentifierKey],
    holding: tuple[Customer, IdentifierKey],
    limits: CustomerLimits,
) -> DropReason | None:
    """Return why two customers with one identifier must not become one, or None."""
    (customer, old), (holder, new) = moving, holding
    identifier, held = customer.identifiers[old], holder.identifiers[new]
    level = min(identifier.level, held.level)
    if level is Level.CLAIMED:
        return DropReason.CLAIMED_ELSEWHERE
    if level < Level.VERIFIED and (
        customer.has_verified_identifier or holder.has_verified_identifier
    ):
        return DropReason.NEEDS_VERIFICATION
    at = max(identifier.first_seen_at, held.first_seen_at)
    link = Link(LinkId.of(old, new), at, at, at if level is Level.VERIFIED else None)
    others = (item for key, item in customer.identifiers.items() if key != old)
    return reason_against(
        cluster_of(others, limits.types),
        cluster_of(holder.identifiers.values(), limits.types),
        link,
        limits,
    )


def _evidence(identifier: Identifier) -> dict[str, str | None]:
    key = identifier.key
    return {
        "type": key.type,
        "scope": key.scope or None,
        "value": key.value,
        "level": identifier.level.label,
    }
