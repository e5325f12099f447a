"""The whole context, read in one statement: one round trip, JSON made by Postgres."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.db import Database
from interactions.context.parts import PARTS
from interactions.context.store.statement import context_statement


@dataclass(frozen=True, slots=True)
class LookupKey:
    """Where an identifier is found in ``known_identifier``."""

    type: str
    scope: str
    lookup_key: str


@dataclass(frozen=True, slots=True)
class ContextQuery:
    """``target`` is any id ever issued, or the look-up key of an identifier.

    A caller that is ``bound_to`` a customer finds no other, and nothing private.
    """

    tenant_id: str
    target: UUID | LookupKey
    parts: tuple[str, ...]
    bound_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class ContextRow:
    """One context as Postgres wrote it: each part as JSON text, and how current the sources are."""

    customer_id: UUID
    member_ids: tuple[UUID, ...]
    """Every id that resolves to this customer."""
    known: bool
    has_profile: bool
    parts: Mapping[str, str]
    cut_parts: frozenset[str]
    """Parts that had more to read than they read."""
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

    Returns None for the nil id, for an identifier that no customer has, and for a customer to whom
    the caller is not bound; a row with ``known=False`` for any other id that the tenant has never
    had. Raises UnavailableError past the deadline.
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
    parts = [PARTS[name] for name in query.parts]
    if query.bound_to is not None:
        values["bound_to"] = query.bound_to
    statement = context_statement(by, query.parts, bound=query.bound_to is not None)
    row = await database.read_row(statement, values, deadline_seconds=deadline_seconds)
    if row is None:
        return None
    return ContextRow(
        customer_id=row["customer_id"],
        member_ids=tuple(row["member_ids"]),
        known=row["known"],
        has_profile=row["has_profile"],
        parts={part.name: row[part.name] for part in parts if part.sql},
        cut_parts=frozenset(p.name for p in parts if p.cut and row[f"{p.name}_cut"]),
        as_of=row["as_of"],
        customers_as_of=row["customers_as_of"],
        customers_behind_seconds=row["customers_behind"],
        clocks_as_of=row["clocks_as_of"],
        clocks_behind_seconds=row["clocks_behind"],
    )
