"""What speaks against a merge that a person asks for; all but decisions only warns."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from common.errors import ConflictError
from identifiers import IdentifierKey
from identity.customers.domain.attributes import visible_values
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier
from identity.customers.domain.type_rules import TypeRules
from identity.merging.domain.apart_plan import contrary_decisions
from identity.merging.domain.outcomes import Situation
from identity.resolution.domain.graph.evidence import Rule
from identity.resolution.domain.graph.persons import Said, birth_dates_of


class ConflictKind(StrEnum):
    KEPT_APART = "kept_apart"
    """A person decided that they are two customers."""
    OWN_NUMBERS = "own_numbers"
    """They have different numbers of one kind from one source, of which a person has one."""
    BIRTH_DATES = "birth_dates"
    """They were born on different days."""
    CLAIMED = "claimed"
    """One only claims an identifier that the other one proved."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that two persons have, and one person hardly."""

    kind: ConflictKind
    identifiers: tuple[Identifier, ...] = ()
    """Those that do not go together, sorted."""
    decision_ids: tuple[UUID, ...] = ()


def find_conflicts(situation: Situation, one: Customer, other: Customer) -> tuple[Conflict, ...]:
    """Return what speaks against the two being one."""
    decisions = contrary_decisions(situation, one, other, Rule.CANNOT_LINK)
    conflicts: list[Conflict] = []
    if decisions:
        ids = tuple(decision.id for decision in decisions)
        conflicts.append(Conflict(ConflictKind.KEPT_APART, decision_ids=ids))
    numbers = _numbers(one, other, situation.context.limits.types)
    conflicts += (Conflict(ConflictKind.OWN_NUMBERS, of_one_kind) for of_one_kind in numbers)
    dates = [_birth_dates(customer) for customer in (one, other)]
    if all(dates) and dates[0].isdisjoint(dates[1]):
        conflicts.append(Conflict(ConflictKind.BIRTH_DATES))
    claimed = _claimed(situation, one, other)
    if claimed:
        conflicts.append(Conflict(ConflictKind.CLAIMED, claimed))
    return tuple(conflicts)


def check_decisions(
    situation: Situation, conflicts: Sequence[Conflict], *, may_override: bool
) -> None:
    """Withdraw the decisions against a merge. Raises ConflictError if they are not to end."""
    ids = {each for conflict in conflicts for each in conflict.decision_ids}
    if ids and not may_override:
        raise ConflictError(
            "a decision keeps the two apart: withdraw it, or send override_decisions",
            type_suffix="kept-apart",
        )
    for decision in situation.past.standing:
        if decision.id in ids:
            situation.withdraw(decision)


def _numbers(one: Customer, other: Customer, types: TypeRules) -> Iterator[tuple[Identifier, ...]]:
    """Yield the own numbers of each kind of which the two together have several."""
    by_kind: defaultdict[tuple[str, str], dict[IdentifierKey, Identifier]] = defaultdict(dict)
    for customer in (one, other):
        for key, identifier in customer.identifiers.items():
            if types.of(key.type).is_exclusive:
                by_kind[key.type, key.scope][key] = identifier
    for _, numbers in sorted(by_kind.items()):
        both_have_one = all(
            numbers.keys() & customer.identifiers.keys() for customer in (one, other)
        )
        if len(numbers) > 1 and both_have_one:
            yield tuple(numbers[key] for key in sorted(numbers))


def _birth_dates(customer: Customer) -> set[str]:
    own = set(birth_dates_of(visible_values(customer.attributes)))
    sayings = (text for item in customer.identifiers.values() for text in item.birth_dates)
    return own or {Said.parse(text).birth_date for text in sayings} - {""}


def _claimed(situation: Situation, one: Customer, other: Customer) -> tuple[Identifier, ...]:
    """Return the proved identifiers of either that the other one claims."""
    claimed = [
        identifier
        for owner, claimant in ((one, other), (other, one))
        for key, identifier in owner.identifiers.items()
        if identifier.is_proved and situation.roster.has_claim(claimant.id, key)
    ]
    return tuple(sorted(claimed, key=lambda identifier: identifier.key))
