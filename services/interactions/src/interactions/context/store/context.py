"""The whole context, read in one statement: one round trip, JSON made by Postgres."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.db import Database
from interactions.context.store.statement import BUILT_PARTS, context_statement


@dataclass(frozen=True, slots=True)
class LookupKey:
    """Where an identifier is found in ``known_identifier``."""

    type: str
    scope: str
    lookup_key: str


@dataclass(frozen=True, slots=True)
class ContextQuery:
    """What is asked for. ``target`` is any id ever issued, or an identifier's look-up key."""

    tenant_id: str
    target: UUID | LookupKey
    parts: tuple[str, ...]
    with_private: bool
    """Whether interactions that customers must not see are read."""


@dataclass(frozen=True, slots=True)
class ContextRow:
    """One context as Postgres wrote it: JSON text per part, and how fresh the sources are."""

    customer_id: UUID
    member_ids: tuple[UUID, ...]
    """Every id that resolves to this customer."""
    known: bool
    has_profile: bool
    insights_cut: bool
    """Whether there was more to count for the insights than was looked at."""
    parts: Mapping[str, str]
    as_of: str
    customers_as_of: str | None
    customers_behind_seconds: float | None
    clocks_as_of: str | None
    clocks_behind_seconds: float | None


async def find_context(
    database: Database,
    query: ContextQuery,
    *,
    customers: str,
    clocks: str,
    deadline_seconds: float,
) -> ContextRow | None:
    """Read the context in one statement; ``customers`` and ``clocks`` name the consumers' progress.

    None when no customer has the identifier, or the id is nil. For another id nobody has seen the
    row says ``known=False``. Raises UnavailableError past the deadline.
    """
    values: dict[str, Any] = {
        "tenant_id": query.tenant_id,
        "customers": customers,
        "clocks": clocks,
    }
    if isinstance(query.target, UUID):
        by = "id"
        values["customer_id"] = query.target
    else:
        by = "identifier"
        key = query.target
        values |= {"type": key.type, "scope": key.scope, "lookup_key": key.lookup_key}
    statement = context_statement(by, query.parts, with_private=query.with_private)
    row = await database.read_row(statement, values, deadline_seconds=deadline_seconds)
    if row is None:
        return None
    return ContextRow(
        customer_id=row["customer_id"],
        member_ids=tuple(row["member_ids"]),
        known=row["known"],
        has_profile=row["has_profile"],
        insights_cut=row["insights_cut"],
        parts={part: row[part] for part in query.parts if part in BUILT_PARTS},
        as_of=row["as_of"],
        customers_as_of=row["customers_as_of"],
        customers_behind_seconds=row["customers_behind"],
        clocks_as_of=row["clocks_as_of"],
        clocks_behind_seconds=row["clocks_behind"],
    )
