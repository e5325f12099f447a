"""Resolves requests on a roster: finds the customer or creates it, and adds what is new.

Requests are resolved in order, and each sees the changes of those before it. A request of known
evidence changes nothing and needs nothing but the customers of its identifiers; any other needs
everything that its identifiers are connected with.
"""

from collections.abc import Iterable, Sequence

from common.errors import ServiceError
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import DroppedIdentifier, DropReason, Identifier
from identity.customers.domain.type_rules import TypeRules
from identity.resolution.domain.answers import NobodyReason, Resolution, ResolutionResult, drop
from identity.resolution.domain.context import Context
from identity.resolution.domain.graph.evidence import best_first
from identity.resolution.domain.requests import PreparedRequest
from identity.resolution.domain.resolver import Resolver, holder_of
from identity.resolution.domain.roster import Roster


def resolve_or_error(
    roster: Roster, request: PreparedRequest, context: Context
) -> ResolutionResult:
    """Resolve one request of a batch; an invalid one gets its error, and changes nothing."""
    try:
        return resolve(roster, request, context)
    except ServiceError as error:
        return error


def resolve(roster: Roster, request: PreparedRequest, context: Context) -> Resolution:
    """Resolve one request, and change the roster accordingly.

    Raises InvalidError, before anything changes, when the customer would have too many attributes,
    and NotLoadedError when the request would change something on a roster that is not whole.
    """
    usable, dropped = _usable(roster, request)
    if not usable:
        return Resolution(None, _why_nobody(dropped), dropped=tuple(dropped))
    if not request.create:
        return _look_up(roster, usable, dropped, context.limits.types)
    return Resolver(roster, request, context, usable, dropped).run()


def _usable(
    roster: Roster, request: PreparedRequest
) -> tuple[list[Identifier], list[DroppedIdentifier]]:
    """Return what may tell who it is; a group's contact point does only if nothing else does."""
    dropped = list(request.dropped)
    usable: list[Identifier] = []
    for identifier in request.identifiers:
        entry = roster.entries.get(identifier.key)
        if entry is not None and entry.holds_for(identifier.level):
            dropped.append(drop(identifier, DropReason.QUARANTINED))
        else:
            usable.append(identifier)
    own = [each for each in usable if not (each.is_shared or each.key in roster.shared)]
    if own:
        shared = (identifier for identifier in usable if identifier not in own)
        dropped += [drop(identifier, DropReason.SHARED) for identifier in shared]
    return own or usable[:1], dropped


def _why_nobody(dropped: Iterable[DroppedIdentifier]) -> NobodyReason:
    reasons = {identifier.reason for identifier in dropped}
    for reason in (DropReason.SUPPRESSED, DropReason.ERASED):
        if reason in reasons:
            return NobodyReason(reason)
    return NobodyReason.NOTHING_USABLE


def _look_up(
    roster: Roster,
    usable: Sequence[Identifier],
    dropped: list[DroppedIdentifier],
    types: TypeRules,
) -> Resolution:
    """Return the customer of the best identifier that leads to one."""
    subject: Customer | None = None
    for identifier in best_first(usable, types):
        customer = holder_of(roster, identifier)
        if customer is None:
            continue
        subject = subject or customer
        if customer.id != subject.id:
            dropped.append(drop(identifier, _elsewhere(identifier)))
    if subject is None:
        return Resolution(None, NobodyReason.NO_MATCH, dropped=tuple(dropped))
    return Resolution(subject.id, version=subject.version, dropped=tuple(dropped))


def _elsewhere(identifier: Identifier) -> DropReason:
    return DropReason.HELD_ELSEWHERE if identifier.is_proved else DropReason.CLAIMED_ELSEWHERE
