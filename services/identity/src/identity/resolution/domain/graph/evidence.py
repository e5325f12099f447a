"""Evidence: which identifiers were proved together, how well and when.

Only minima and maxima are kept, so evidence depends neither on the order in which requests arrive
nor on repetitions.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple, Self

from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Identifier, Level
from identity.customers.domain.type_rules import Rank, TypeRules


class Rule(StrEnum):
    """Why two identifiers are linked, or kept apart."""

    TOGETHER = "together"
    """One request proved both."""
    ALIKE = "alike"
    """Their customers are alike in names, dates, addresses or contacts."""
    BEFORE_EVIDENCE = "before-evidence"
    """They were one customer's before evidence was kept."""
    MUST_LINK = "must-link"
    """A person decided that they are one customer's."""
    CANNOT_LINK = "cannot-link"
    """A person decided that they are two customers'."""

    @property
    def binds(self) -> bool:
        """Whether it unites without asking for anything else than decisions."""
        return self in {Rule.MUST_LINK, Rule.BEFORE_EVIDENCE}

    @property
    def is_decided(self) -> bool:
        """Whether a person decided it."""
        return self in {Rule.MUST_LINK, Rule.CANNOT_LINK}


class LinkId(NamedTuple):
    """Two different keys, the smaller first, and the rule that links them."""

    low: IdentifierKey
    high: IdentifierKey
    rule: Rule

    @classmethod
    def of(cls, one: IdentifierKey, other: IdentifierKey, rule: Rule = Rule.TOGETHER) -> Self:
        low, high = sorted((one, other))
        return cls(low, high, rule)


@dataclass(frozen=True, slots=True)
class Link:
    """Evidence that two identifiers are one person's.

    ``first_seen_at`` and ``last_seen_at`` are when they were first and last proved together,
    ``verified_at`` is when they were last verified together, None if never.
    """

    id: LinkId
    first_seen_at: datetime
    last_seen_at: datetime
    verified_at: datetime | None = None
    source: str | None = None

    @property
    def level(self) -> Level:
        return Level.CHANNEL_PROVED if self.verified_at is None else Level.VERIFIED

    def other(self, key: IdentifierKey) -> IdentifierKey:
        """Return the key at the other end."""
        return self.id.high if key == self.id.low else self.id.low

    def confirmed_by(self, other: Self) -> Self:
        """Return the evidence of both sights of one link."""
        verified = [at for at in (self.verified_at, other.verified_at) if at is not None]
        first = min(self, other, key=lambda link: (link.first_seen_at, link.source or ""))
        return replace(
            self,
            first_seen_at=first.first_seen_at,
            last_seen_at=max(self.last_seen_at, other.last_seen_at),
            verified_at=max(verified, default=None),
            source=first.source,
        )


class Evidence:
    """The links of some identifiers.

    ``pending`` collects those that are to be written, ``removed`` those that are to be deleted.
    """

    def __init__(
        self,
        links: Iterable[Link] = (),
        pending: dict[LinkId, Link] | None = None,
        removed: set[LinkId] | None = None,
    ) -> None:
        self._links: dict[LinkId, Link] = {}
        self._around: defaultdict[IdentifierKey, set[LinkId]] = defaultdict(set)
        self.pending = {} if pending is None else pending
        self.removed = set() if removed is None else removed
        for link in links:
            self._put(link)

    @property
    def keys(self) -> AbstractSet[IdentifierKey]:
        """The identifiers at the ends of all links."""
        return self._around.keys()

    def get(self, link_id: LinkId) -> Link | None:
        return self._links.get(link_id)

    def around(self, key: IdentifierKey) -> Iterator[Link]:
        """Return the links of one identifier."""
        return (self._links[link_id] for link_id in self._around.get(key, ()))

    def among(self, keys: Collection[IdentifierKey]) -> list[Link]:
        """Return the links with an end among ``keys``, each once."""
        ids = {link_id for key in keys for link_id in self._around.get(key, ())}
        return [self._links[link_id] for link_id in ids]

    def add(self, link: Link) -> bool:
        """Add what the link says, and return whether it says anything new."""
        known = self._links.get(link.id)
        after = link if known is None else known.confirmed_by(link)
        if after == known:
            return False
        self._put(after)
        self.pending[after.id] = after
        self.removed.discard(after.id)
        return True

    def remove(self, link_id: LinkId) -> None:
        """Take back a link that a person's decision put in."""
        if self._links.pop(link_id, None) is not None:
            self._around[link_id.low].discard(link_id)
            self._around[link_id.high].discard(link_id)
            self.pending.pop(link_id, None)
            self.removed.add(link_id)

    def assume(self, link: Link) -> None:
        """Add a link that is not to be written unless something changes around it."""
        if link.id not in self._links:
            self._put(link)

    def keep(self, link: Link) -> None:
        """Have a link written that was only assumed."""
        self.pending[link.id] = link

    def _put(self, link: Link) -> None:
        self._links[link.id] = link
        self._around[link.id.low].add(link.id)
        self._around[link.id.high].add(link.id)


def centre_of(identifiers: Iterable[Identifier], types: TypeRules) -> Identifier:
    """Return the identifier of a request that says best who it is about."""
    return best_first(identifiers, types)[0]


def best_first(identifiers: Iterable[Identifier], types: TypeRules) -> list[Identifier]:
    """Return the identifiers of a request, those first that say best who it is about."""
    return sorted(
        identifiers, key=lambda shown: (-shown.level, types.rank(shown.key.type), shown.key)
    )


MAX_CLIQUE = 8
"""Of more identifiers in one request, each is linked to the strongest only."""


def carriers_of(proved: Sequence[Identifier], types: TypeRules) -> list[IdentifierKey]:
    """Return the identifiers that carry what their sender says, the strongest first.

    Those are the persons' own, and devices only of a sender who proved nothing else.
    """
    persons = [shown for shown in proved if types.rank(shown.key.type) is not Rank.DEVICE]
    return [shown.key for shown in best_first(persons or proved, types)[:MAX_CLIQUE]]


def links_among(
    proved: Sequence[Identifier], types: TypeRules, *, rule: Rule = Rule.TOGETHER
) -> list[Link]:
    """Return the links of identifiers that were proved together.

    Each pair is linked, so that the others stay linked should one turn out to be shared by many.
    Devices are linked to the identifiers of persons, and to each other only if there are none. A
    link is as good as its weaker end.
    """
    devices = [shown for shown in proved if types.rank(shown.key.type) is Rank.DEVICE]
    persons = [shown for shown in proved if types.rank(shown.key.type) is not Rank.DEVICE]
    links = [_link(one, other, rule) for one, other in _pairs(persons, types)]
    if not persons:
        return [_link(one, other, Rule.TOGETHER) for one, other in _pairs(devices, types)]
    anchors = persons if len(persons) <= MAX_CLIQUE else [centre_of(persons, types)]
    links += [_link(one, device, Rule.TOGETHER) for one in anchors for device in devices]
    return links


def _pairs(
    identifiers: Sequence[Identifier], types: TypeRules
) -> Iterator[tuple[Identifier, Identifier]]:
    if len(identifiers) <= MAX_CLIQUE:
        yield from combinations(identifiers, 2)
        return
    centre = centre_of(identifiers, types)
    for other in identifiers:
        if other.key != centre.key:
            yield centre, other


def _link(centre: Identifier, other: Identifier, rule: Rule) -> Link:
    at = max(centre.first_seen_at, other.first_seen_at)
    is_verified = min(centre.level, other.level) is Level.VERIFIED
    return Link(
        LinkId.of(centre.key, other.key, rule),
        first_seen_at=at,
        last_seen_at=at,
        verified_at=at if is_verified else None,
        source=centre.source,
    )
