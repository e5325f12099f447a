"""Customers and questions for the rules' tests, without a database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Identifier, Key, Level, Presented
from identity.resolution.domain.clusters import Rules
from identity.resolution.domain.questions import Prepared, Question, prepare
from identity.resolution.domain.resolution import Context, Resolution, resolve
from identity.resolution.domain.roster import Roster

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

C, P, V = Level.CLAIMED, Level.CHANNEL_PROVED, Level.VERIFIED


def ids(start: int = 1) -> Callable[[], UUID]:
    """Return a source of ids that grow: 1, 2, 3 ..."""
    numbers = count(start)
    return lambda: UUID(int=next(numbers))


def identifier(kind: str, value: str, level: Level = C, scope: str = "") -> Identifier:
    return Identifier(Key(kind, scope, value), value, level, None, NOW)


def customer(number: int, *identifiers: Identifier, days_old: int = 0) -> Customer:
    return Customer(
        id=UUID(int=number),
        version=1,
        created_at=NOW - timedelta(days=days_old),
        identifiers={one.key: one for one in identifiers},
        attributes={},
    )


def question(
    *presented: Presented | Identifier, create: bool = True, **attributes: object
) -> Prepared:
    shown = tuple(
        one
        if isinstance(one, Presented)
        else Presented(one.key.type, one.key.value, one.key.scope or None, one.level)
        for one in presented
    )
    return prepare(Question(shown, attributes, create, NOW), now=NOW)


def answer(
    roster: Roster,
    asked: Prepared,
    *,
    max_identifiers: int = 200,
    new_id: Callable[[], UUID] | None = None,
) -> Resolution:
    context = Context(Rules(max_identifiers), NOW, new_id or ids(1000))
    return resolve(roster, asked, context)


def reasons(resolution: Resolution) -> dict[str, str]:
    """Return the reason for each dropped value."""
    return {one.presented.value: one.reason.value for one in resolution.dropped}


def levels(customer: Customer) -> dict[str, Level]:
    return {key.value: held.level for key, held in customer.identifiers.items()}
