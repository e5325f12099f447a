"""Builds customers, requests and rosters for unit tests, without a database."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from identifiers import IdentifierKey
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import (
    Identifier,
    Level,
    PresentedIdentifier,
)
from identity.customers.domain.type_rules import BUILT_IN_RULES
from identity.resolution.domain.answers import Resolution
from identity.resolution.domain.components import assume_links_from_before
from identity.resolution.domain.context import Context
from identity.resolution.domain.requests import PreparedRequest, ResolutionRequest, prepare
from identity.resolution.domain.resolution import resolve as resolve_on
from identity.resolution.domain.roster import Roster

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

C, P, V = Level.CLAIMED, Level.CHANNEL_PROVED, Level.VERIFIED


def ids(start: int = 1) -> Callable[[], UUID]:
    """Return a function that returns the ids 1, 2, 3 ..."""
    numbers = count(start)
    return lambda: UUID(int=next(numbers))


def identifier(kind: str, value: str, level: Level = C, scope: str = "") -> Identifier:
    """Return an identifier as it was stored before there was evidence."""
    return Identifier(
        IdentifierKey(kind, scope, value),
        value,
        level,
        None,
        NOW,
        verified_at=NOW if level is V else None,
        has_evidence=False,
    )


def customer(number: int, *identifiers: Identifier, days_old: int = 0) -> Customer:
    return Customer(
        id=UUID(int=number),
        version=1,
        created_at=NOW - timedelta(days=days_old),
        identifiers={identifier.key: identifier for identifier in identifiers},
        attributes={},
    )


def request(
    *shown: PresentedIdentifier | Identifier,
    create: bool = True,
    at: datetime = NOW,
    **attributes: object,
) -> PreparedRequest:
    presented = tuple(
        item
        if isinstance(item, PresentedIdentifier)
        else PresentedIdentifier(item.key.type, item.key.value, item.key.scope or None, item.level)
        for item in shown
    )
    return prepare(ResolutionRequest(presented, attributes, create, at), now=at)


def resolve(
    roster: Roster,
    prepared: PreparedRequest,
    *,
    max_identifiers: int = 200,
    new_id: Callable[[], UUID] | None = None,
) -> Resolution:
    assume_links_from_before(roster, BUILT_IN_RULES)
    for customer_id in roster.customer_ids:
        roster.versions.load({customer_id, *roster.get(customer_id).merged_ids}, ())
    context = Context(CustomerLimits(max_identifiers), NOW, new_id or ids(1000))
    return resolve_on(roster, prepared, context)


def reasons(resolution: Resolution) -> dict[str, str]:
    """Return the reason for each dropped value."""
    return {dropped.presented.value: dropped.reason.value for dropped in resolution.dropped}


def levels(customer: Customer) -> dict[str, Level]:
    """Return the level of each identifier's value."""
    return {key.value: identifier.level for key, identifier in customer.identifiers.items()}


def assert_sound(roster: Roster, issued: Iterable[UUID | None]) -> None:
    """Assert the invariants of a roster: ids lead to one customer, versions have no gaps."""
    for issued_id in issued:
        assert issued_id is not None
        canonical = roster.find(issued_id)
        assert canonical is not None
        assert canonical.id in roster.customer_ids
        assert issued_id == canonical.id or issued_id in canonical.merged_ids
    for customer_id in roster.customer_ids:
        holder = roster.find(customer_id)
        assert holder is not None
        assert holder.id not in holder.merged_ids
        for key in holder.identifiers:
            assert roster.owner(key) == holder
    redirects = roster.pending.redirects
    assert not set(redirects) & set(redirects.values())
    versions: dict[UUID, int] = {}
    for change in roster.pending.changes:
        previous = versions.get(change.customer.id)
        if previous is not None:
            assert change.customer.version == previous + 1
        versions[change.customer.id] = change.customer.version
