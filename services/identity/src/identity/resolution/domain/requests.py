"""A request to resolve identifiers, as the caller made it and with its identifiers normalised."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from identifiers import IdentifierKey, Rules, Unusable, normalise
from identity.customers.domain.attributes import AttributeValue, Json, Observation
from identity.customers.domain.identifiers import (
    DroppedIdentifier,
    DropReason,
    Identifier,
    PresentedIdentifier,
)


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """Find the customer behind these identifiers. Without ``create`` it only looks them up.

    ``region`` is the country of telephone numbers that name none; ``source``, the system that
    reports this, is the scope of its own ids that name none.
    """

    identifiers: tuple[PresentedIdentifier, ...]
    attributes: Mapping[str, Json]
    create: bool
    observed_at: datetime
    source: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request with its identifiers normalised, which happens before anything is locked."""

    identifiers: tuple[Identifier, ...]
    dropped: tuple[DroppedIdentifier, ...]
    observations: tuple[Observation, ...]
    create: bool


def prepare(request: ResolutionRequest, *, now: datetime) -> PreparedRequest:
    """Normalise a request. ``observed_at`` is capped at ``now``, should a sender's clock be fast.

    Several spellings of one identifier count once, at its best level.
    """
    observed_at = min(request.observed_at, now)
    rules = Rules(region=request.region, source=request.source)
    usable: dict[IdentifierKey, Identifier] = {}
    dropped: list[DroppedIdentifier] = []
    for presented in sorted(request.identifiers, key=lambda shown: (-shown.level, shown.value)):
        outcome = normalise(presented.type, presented.value, presented.scope, rules)
        if isinstance(outcome, Unusable):
            dropped.append(DroppedIdentifier(presented, DropReason(outcome.reason)))
            continue
        identifier = Identifier(
            outcome.key, presented.value, presented.level, request.source, observed_at, presented
        )
        usable.setdefault(outcome.key, identifier)
    observations = tuple(
        Observation(name, AttributeValue(value, request.source, observed_at, now))
        for name, value in sorted(request.attributes.items())
    )
    identifiers = tuple(usable[key] for key in sorted(usable))
    return PreparedRequest(identifiers, tuple(dropped), observations, request.create)
