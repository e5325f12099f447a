"""Clusters: identifiers of one person, and what speaks against uniting two of them."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.customers.domain.type_rules import PERSON_TYPE, Rank, TypeRules
from identity.resolution.domain.graph.evidence import Link, Rule
from identity.resolution.domain.graph.persons import Said, are_different


@dataclass(slots=True, eq=False)
class Cluster:
    """Identifiers of one person, and what decides whether others may be the same person's."""

    keys: list[IdentifierKey]
    numbers: dict[tuple[str, str], set[str]]
    """Values of exclusive types, by type and scope."""
    capped: dict[str, list[datetime]]
    """Since when there are values of types that a person may have only so many of, by type."""
    said: set[Said]
    """The birth dates that its person gave, with names."""
    verified_at: datetime | None
    """Since when an identifier is verified, None if none is."""
    apart: set[IdentifierKey] = field(default_factory=set)
    """Identifiers that a person keeps apart from these."""

    @classmethod
    def of(
        cls, identifier: Identifier, apart: AbstractSet[IdentifierKey], types: TypeRules
    ) -> "Cluster":
        key = identifier.key
        rule = types.of(key.type)
        return cls(
            [key],
            {(key.type, key.scope): {key.value}} if rule.is_exclusive else {},
            {key.type: [identifier.first_seen_at]} if rule.values is not None else {},
            {
                Said.parse(text)
                for text in (
                    identifier.verified_birth_dates
                    if identifier.level is Level.VERIFIED
                    else identifier.birth_dates
                )
            },
            identifier.verified_at,
            set(apart),
        )

    def was_fresh(self, at: datetime) -> bool:
        """Return whether it is a single identifier that nobody had verified before that time."""
        return len(self.keys) == 1 and (self.verified_at is None or self.verified_at >= at)

    def take(self, other: "Cluster") -> None:
        """Unite with another cluster."""
        self.keys += other.keys
        for type_and_scope, values in other.numbers.items():
            self.numbers.setdefault(type_and_scope, set()).update(values)
        for kind, times in other.capped.items():
            self.capped.setdefault(kind, []).extend(times)
        self.said |= other.said
        self.apart |= other.apart
        verified = [at for at in (self.verified_at, other.verified_at) if at is not None]
        self.verified_at = min(verified, default=None)


def cluster_of(identifiers: Iterable[Identifier], types: TypeRules) -> Cluster:
    """Return what identifiers of one person say of it, as far as they are proved."""
    cluster = Cluster([], {}, {}, set(), None)
    for identifier in identifiers:
        if identifier.is_proved and types.rank(identifier.key.type) is not Rank.DEVICE:
            cluster.take(Cluster.of(identifier, frozenset(), types))
    return cluster


def reason_against(
    one: Cluster, other: Cluster, link: Link, limits: CustomerLimits
) -> DropReason | None:
    """Return why the link must not unite the two clusters, or None."""
    if not one.apart.isdisjoint(other.keys) or not other.apart.isdisjoint(one.keys):
        return DropReason.KEPT_APART
    if link.id.rule.binds:
        return None
    if _have_different_numbers(one, other, link.level, limits.types):
        return DropReason.CONFLICTING_STRONG_IDENTIFIERS
    if len(one.keys) + len(other.keys) > limits.max_identifiers or _exceed_a_cap(
        one, other, limits.types
    ):
        return DropReason.TOO_MANY_IDENTIFIERS
    return None if link.level is Level.VERIFIED else _doubt(one, other, link)


def _doubt(one: Cluster, other: Cluster, link: Link) -> DropReason | None:
    """Return what speaks against a link that nobody verified, or None."""
    is_alike = link.id.rule is Rule.ALIKE  # Which counts names, dates and their misspellings.
    if not is_alike and _say_different_things(one, other, link):
        return DropReason.CONTRADICTING_BIRTH_DATES
    if _is_protected(one, other, link) or _is_protected(other, one, link):
        return DropReason.NEEDS_VERIFICATION
    return None


def _say_different_things(one: Cluster, other: Cluster, link: Link) -> bool:
    """Return whether their birth dates differ; at one contact point, also their names.

    The same name with another birth date is a slip; of two contact points it may be a namesake.
    """
    if PERSON_TYPE in {key.type for key in link.id[:2]}:
        return are_different(one.said, other.said)
    dates, others = ({said.birth_date for said in cluster.said} for cluster in (one, other))
    return bool(dates and others) and dates.isdisjoint(others)


def _exceed_a_cap(one: Cluster, other: Cluster, types: TypeRules) -> bool:
    """Return whether the two together have more values of a type than one person may have."""
    for kind in one.capped.keys() & other.capped.keys():
        cap = types.of(kind).values
        if cap is not None and cap.is_exceeded_by([*one.capped[kind], *other.capped[kind]]):
            return True
    return False


def _have_different_numbers(one: Cluster, other: Cluster, level: Level, types: TypeRules) -> bool:
    return any(
        len(values | other.numbers[number]) > 1
        for number, values in one.numbers.items()
        if number in other.numbers
        and not (level is Level.VERIFIED and types.of(number[0]).is_replaceable)
    )


def _is_protected(cluster: Cluster, joining: Cluster, link: Link) -> bool:
    """Return whether ``cluster`` was verified before the link, and more than a fresh one joins.

    Likeness joins not even a fresh one: anybody can say what a verified person is called.
    """
    verified_at = cluster.verified_at
    at = link.first_seen_at
    if verified_at is None or at <= verified_at:
        return False
    return link.id.rule is Rule.ALIKE or not joining.was_fresh(at)
