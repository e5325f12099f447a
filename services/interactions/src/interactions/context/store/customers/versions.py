"""The versions of customers: what each changed, when it happened and when identity recorded it.

A profile as of a moment is folded from them. The oldest of a customer are folded into one base, so
what is kept is bounded by age and by number.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction
from common.jsons import loads
from interactions.context.domain.aliases import Moment
from interactions.context.domain.profiles import Profile
from interactions.context.domain.versions import Compaction, Version, profile_of_versions
from interactions.context.store.customers.contents import (
    change_content,
    change_of,
    profile_content,
    profile_of,
)
from interactions.context.store.keys import KEY_COLUMNS, Key, key_row, key_rows

_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "version": "bigint",
        "occurred_at": "timestamptz",
        "recorded_at": "timestamptz",
        "content": "jsonb",
        "is_base": "boolean",
    }
)
_NAMES = _COLUMNS.names
_KEY = ("tenant_id", "customer_id", "version")
_NUMBERS = Columns({name: _COLUMNS.types[name] for name in _KEY})

_INSERT = text(
    f"""
    INSERT INTO customer_version ({_NAMES})
    SELECT {_NAMES} FROM {_COLUMNS.table("versions")}
     ORDER BY tenant_id, customer_id, version
    ON CONFLICT DO NOTHING
    """
)
# A customer who was there before versions were kept begins with what was known by then. OFFSET 0
# keeps this a look-up by index: a join would read the versions of all customers.
_INSERT_FIRST = text(
    f"""
    INSERT INTO customer_version ({_NAMES})
    SELECT {_COLUMNS.of("b")} FROM {_COLUMNS.table("bases", "b")}
     WHERE NOT EXISTS (
        SELECT FROM customer_version v
         WHERE v.tenant_id = b.tenant_id AND v.customer_id = b.customer_id
        OFFSET 0)
     ORDER BY b.tenant_id, b.customer_id
    ON CONFLICT DO NOTHING
    """
)
_LIST = text(
    f"""
    SELECT v.tenant_id, v.customer_id, v.version, v.occurred_at, v.recorded_at,
           v.content::text AS content, v.is_base
      FROM {KEY_COLUMNS.table("keys", "m")}
     CROSS JOIN LATERAL (
        SELECT * FROM customer_version
         WHERE tenant_id = m.tenant_id AND customer_id = m.customer_id
        OFFSET 0) v
     WHERE v.occurred_at <= coalesce(cast(:occurred_by AS timestamptz), 'infinity')
       AND v.recorded_at <= coalesce(cast(:recorded_by AS timestamptz), 'infinity')
     ORDER BY v.tenant_id, v.customer_id, v.version
    """
)
_AGED = text(
    """
    SELECT DISTINCT tenant_id, customer_id
      FROM (SELECT tenant_id, customer_id FROM customer_version
             WHERE NOT is_base AND recorded_at < :before
             ORDER BY recorded_at LIMIT :count) aged
     ORDER BY tenant_id, customer_id
    """
)
_DELETE = text(
    f"""
    DELETE FROM customer_version v
     USING {_NUMBERS.table("gone", "g")}
     WHERE v.tenant_id = g.tenant_id AND v.customer_id = g.customer_id AND v.version = g.version
    """
)
_SAVE_BASES = text(_COLUMNS.upsert("customer_version", "bases", key=_KEY))


async def insert_versions(tx: Transaction, versions: Iterable[tuple[Key, Version]]) -> None:
    """Insert versions; one that is there already stays."""
    rows = [_row(customer, version) for customer, version in versions]
    if rows:
        await tx.execute(_INSERT, {"versions": _COLUMNS.values(rows)})


async def insert_first_bases(tx: Transaction, bases: Sequence[tuple[Key, Version]]) -> None:
    """Insert the bases of those customers of whom no version is kept yet."""
    if bases:
        rows = [_row(customer, base) for customer, base in bases]
        await tx.execute(_INSERT_FIRST, {"bases": _COLUMNS.values(rows)})


async def list_versions(
    connection: ReadConnection | Transaction,
    customers: Sequence[Key],
    *,
    occurred_by: datetime | None = None,
    recorded_by: datetime | None = None,
) -> dict[Key, list[Version]]:
    """Return the kept versions of customers, or those that had happened, or were known, by then."""
    values = {
        "keys": key_rows(customers),
        "occurred_by": occurred_by,
        "recorded_by": recorded_by,
    }
    versions: defaultdict[Key, list[Version]] = defaultdict(list)
    for row in await connection.execute(_LIST, values):
        versions[row.tenant_id, row.customer_id].append(_version(row))
    return versions


async def find_profile_as_of(
    connection: ReadConnection,
    customer: Key,
    *,
    occurred_by: datetime | None = None,
    recorded_by: datetime | None = None,
) -> Profile | None:
    """Return a profile as it was when no more had happened, or was known, than by these times.

    None before the customer existed, and before the oldest version that is still kept.
    """
    versions = await list_versions(
        connection, [customer], occurred_by=occurred_by, recorded_by=recorded_by
    )
    return profile_of_versions(versions.get(customer, ()))


async def list_aged(tx: Transaction, *, before: datetime, count: int) -> list[Key]:
    """Return customers of whom some of the oldest ``count`` versions are from before a time."""
    rows = await tx.execute(_AGED, {"before": before, "count": count})
    return [(row.tenant_id, row.customer_id) for row in rows]


async def save_compactions(tx: Transaction, compactions: Mapping[Key, Compaction]) -> None:
    """Replace versions by their bases; the customers' profiles are locked."""
    gone = [
        key_row(customer) | {"version": version}
        for customer, compaction in compactions.items()
        for version in compaction.gone
    ]
    bases = [_row(customer, compaction.base) for customer, compaction in compactions.items()]
    if gone:
        await tx.execute(_DELETE, {"gone": _NUMBERS.values(gone)})
    if bases:
        await tx.execute(_SAVE_BASES, {"bases": _COLUMNS.values(bases)})


def _row(customer: Key, version: Version) -> dict[str, Any]:
    content = version.content
    return key_row(customer) | {
        "version": version.version,
        "occurred_at": version.at.occurred_at,
        "recorded_at": version.at.recorded_at,
        "content": profile_content(content)
        if isinstance(content, Profile)
        else change_content(content),
        "is_base": isinstance(content, Profile),
    }


def _version(row: Any) -> Version:
    content = loads(row.content)
    return Version(
        row.version,
        Moment(row.occurred_at, row.recorded_at),
        profile_of(content) if row.is_base else change_of(row.version, content),
    )
