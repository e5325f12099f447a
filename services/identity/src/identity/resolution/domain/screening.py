"""Takes identifiers out of a request that must not be processed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from identifiers import IdentifierKey
from identity.customers.domain.denials import Denial, DenialKind, Denials
from identity.customers.domain.identifiers import DropReason
from identity.customers.domain.type_rules import Rank, TypeRules
from identity.resolution.domain.answers import drop
from identity.resolution.domain.requests import PreparedRequest

_REASONS: Mapping[DenialKind, DropReason] = {
    DenialKind.ERASED: DropReason.ERASED,
    DenialKind.SUPPRESSED: DropReason.SUPPRESSED,
}


@dataclass(frozen=True, slots=True)
class Screened:
    """A request without its denied identifiers, and those that its sender signed up again with."""

    request: PreparedRequest
    lifted: frozenset[IdentifierKey]


def screen(request: PreparedRequest, denials: Denials, types: TypeRules) -> Screened:
    """Drop the denied identifiers.

    Who was erased comes back by proving an identifier after the erasure, as when signing up again.
    A repeated webhook and a backfill are observed before it, or name no time. A device beside the
    identifiers of somebody erased stands for that person, too.
    """
    if not denials:
        return Screened(request, frozenset())
    lifted: set[IdentifierKey] = set()
    usable, dropped = [], list(request.dropped)
    for identifier in request.identifiers:
        in_force = [d for d in denials.get(identifier.key, ()) if not _lifts(request, d)]
        if in_force and identifier.presented is None:
            continue
        if in_force:
            # SUPPRESSED comes last in the alphabet, and nothing but the tenant lifts it.
            strongest = max(denial.kind for denial in in_force)
            dropped.append(drop(identifier, _REASONS[strongest]))
            continue
        usable.append(identifier)
        if identifier.key in denials:
            lifted.add(identifier.key)
    if len(dropped) > len(request.dropped):
        # Who a name and a birth date stand for at a contact point goes with the contact point.
        usable = [identifier for identifier in usable if identifier.presented is not None]
    is_erased = any(identifier.reason is DropReason.ERASED for identifier in dropped)
    if is_erased and all(types.of(each.key.type).rank is Rank.DEVICE for each in usable):
        dropped += [drop(identifier, DropReason.ERASED) for identifier in usable]
        usable = []
    screened = replace(request, identifiers=tuple(usable), dropped=tuple(dropped))
    return Screened(screened, frozenset(lifted))


def _lifts(request: PreparedRequest, denial: Denial) -> bool:
    return (
        denial.kind is DenialKind.ERASED
        and request.create
        and request.signed_up_at is not None
        and request.signed_up_at > denial.denied_at
    )
