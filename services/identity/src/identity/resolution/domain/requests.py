"""A request to resolve identifiers, as the caller made it and with its identifiers normalised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from identifiers import IdentifierKey, Rules, Unusable, normalise
from identity.customers.domain.attributes import AttributeValue, Json, Observation, sequence_at
from identity.customers.domain.identifiers import (
    DroppedIdentifier,
    DropReason,
    Identifier,
    Level,
    PresentedIdentifier,
)
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.registry.domain.tenant_rules import BUILT_IN, TenantRules
from identity.resolution.domain.graph.evidence import Link, centre_of, links_among
from identity.resolution.domain.graph.persons import NOTHING_SAID, Said


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """Find the customer behind these identifiers. Without ``create`` it only looks them up.

    ``region`` is the country of telephone numbers that name none; ``source``, the system that
    reports this, is the scope of its own ids that name none; its attributes have its ``priority``.
    ``is_dated`` tells whether the caller named the time of the observation itself.
    ``rules`` say how values are read.
    """

    identifiers: tuple[PresentedIdentifier, ...]
    attributes: Mapping[str, Json]
    create: bool
    observed_at: datetime
    source: str | None = None
    region: str | None = None
    is_dated: bool = False
    priority: int = 0
    rules: TenantRules = BUILT_IN


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request with its identifiers normalised, which happens before anything is locked."""

    identifiers: tuple[Identifier, ...]
    dropped: tuple[DroppedIdentifier, ...]
    observations: tuple[Observation, ...]
    create: bool
    origin: ResolutionRequest
    said: Said = NOTHING_SAID
    """What the attributes say of the sender's name and birth date."""
    signed_up_at: datetime | None = None
    """When the person proved who they are, if the request says so and says when."""


def prepare(request: ResolutionRequest, *, now: datetime, position: int = 0) -> PreparedRequest:
    """Normalise a request. ``observed_at`` is capped at ``now``, should a sender's clock be fast.

    Several spellings of one identifier count once, at its best level. Who gives a name and a birth
    date at a contact point has an identifier of its own beside it. ``position`` is the request's
    place in its batch.
    """
    observed_at = min(request.observed_at, now)
    tenant = request.rules
    rules = Rules(tenant.types, region=request.region, source=request.source)
    usable: dict[IdentifierKey, Identifier] = {}
    dropped: list[DroppedIdentifier] = []
    for presented in sorted(request.identifiers, key=lambda shown: (-shown.level, shown.value)):
        outcome = normalise(presented.type, presented.value, presented.scope, rules)
        if isinstance(outcome, Unusable):
            dropped.append(DroppedIdentifier(presented, DropReason(outcome.reason)))
            continue
        key = outcome.key
        if tenant.blocked.block(key.type, presented.value, key.value):
            dropped.append(DroppedIdentifier(presented, DropReason.BLOCKED))
            continue
        # A look-up that says nothing of the level asks who has the identifier.
        is_asked = not request.create and not presented.is_level_given
        level = Level.VERIFIED if is_asked else _level(presented, key, tenant)
        identifier = Identifier(
            key,
            presented.value,
            level,
            request.source,
            observed_at,
            presented,
            verified_at=observed_at if level is Level.VERIFIED else None,
            is_shared=outcome.is_shared,
        )
        usable.setdefault(key, identifier)
    said = Said.of(request.attributes)
    person = _person(list(usable.values()), said, tenant.limits.types)
    if person is not None:
        usable[person.key] = person
    identifiers = tuple(usable[key] for key in sorted(usable))
    is_proof = request.is_dated and any(i.level is Level.VERIFIED for i in identifiers)
    return PreparedRequest(
        identifiers,
        tuple(dropped),
        _observations(request, observed_at, now=now, position=position),
        request.create,
        request,
        said,
        signed_up_at=observed_at if is_proof else None,
    )


def _level(presented: PresentedIdentifier, key: IdentifierKey, rules: TenantRules) -> Level:
    """Return the level that the request names, or else that of the type."""
    if presented.is_level_given:
        return presented.level
    return rules.default_levels.get(key.type, presented.level)


def _observations(
    request: ResolutionRequest, observed_at: datetime, *, now: datetime, position: int
) -> tuple[Observation, ...]:
    """Return the attributes as claims; the resolution knows how well the sender is proved."""
    sequence = sequence_at(now, position)
    return tuple(
        Observation(
            name,
            AttributeValue(
                value,
                request.source,
                observed_at,
                now,
                priority=request.priority,
                sequence=sequence,
            ),
        )
        for name, value in sorted(request.attributes.items())
    )


def links_of(request: PreparedRequest, types: TypeRules) -> list[Link]:
    """Return the evidence that a request may bring."""
    proved = [shown for shown in request.identifiers if shown.is_proved and not shown.is_shared]
    return links_among(proved, types) if request.create else []


def _person(identifiers: Sequence[Identifier], said: Said, types: TypeRules) -> Identifier | None:
    """Return the identifier of who gives a name and a birth date at a contact point, or None.

    Whoever proves an own number needs none.
    """
    proved = [shown for shown in identifiers if shown.is_proved and not shown.is_shared]
    contacts = [shown for shown in proved if types.rank(shown.key.type) is Rank.CONTACT_POINT]
    if not contacts or any(types.rank(shown.key.type) is Rank.OWN_NUMBER for shown in proved):
        return None
    contact = centre_of(contacts, types)
    key = said.key_at(contact.key)
    if key is None:
        return None
    return replace(contact, key=key, raw=key.value, presented=None)
