"""Our copy of customers' profiles, read and written a batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import Columns, Transaction
from common.jsons import loads
from interactions.context.domain.profiles import Profile
from interactions.context.store.customers.contents import (
    profile_content,
    profile_of,
    shown_identifier,
)
from interactions.context.store.keys import KEY_COLUMNS, Key, key_row, key_rows

_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "attributes": "jsonb",
        "attributes_version": "bigint",
        "identifiers": "jsonb",
        "entries": "jsonb",
        "claims": "jsonb",
        "snapshot_version": "bigint",
        "version": "bigint",
        "created_at": "timestamptz",
    }
)
_LOCK = text(
    f"""
    SELECT p.tenant_id, p.customer_id, p.attributes::text AS attributes, p.attributes_version,
           p.entries::text AS entries, p.claims::text AS claims, p.snapshot_version, p.version,
           p.created_at, p.updated_at
      FROM (SELECT * FROM {KEY_COLUMNS.table("keys")} ORDER BY tenant_id, customer_id) m
     CROSS JOIN LATERAL (
        SELECT * FROM customer_profile
         WHERE tenant_id = m.tenant_id AND customer_id = m.customer_id
         LIMIT 1 FOR UPDATE) p
    """
)
_SAVE = text(
    f"""
    INSERT INTO customer_profile ({_COLUMNS.names}, updated_at)
    SELECT {_COLUMNS.names}, :now FROM {_COLUMNS.table("profiles")}
     ORDER BY tenant_id, customer_id
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET
        {_COLUMNS.overwrite(key=("tenant_id", "customer_id"))}, updated_at = excluded.updated_at
    """
)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile, and when it was last written."""

    profile: Profile
    updated_at: datetime


async def lock_profiles(tx: Transaction, keys: Sequence[Key]) -> dict[Key, StoredProfile]:
    """Return the profiles that exist, locked until the transaction ends."""
    rows = await tx.execute(_LOCK, {"keys": key_rows(keys)})
    return {
        (row.tenant_id, row.customer_id): StoredProfile(profile_of(_content(row)), row.updated_at)
        for row in rows
    }


async def save_profiles(tx: Transaction, profiles: Mapping[Key, Profile], *, now: datetime) -> None:
    """Insert profiles, or overwrite those that the caller has locked."""
    rows = [key_row(key) | _profile_row(profile) for key, profile in profiles.items()]
    await tx.execute(_SAVE, {"profiles": _COLUMNS.values(rows), "now": now})


def _profile_row(profile: Profile) -> dict[str, Any]:
    identifiers = [shown_identifier(entry.identifier) for entry in profile.live()]
    return profile_content(profile) | {"identifiers": identifiers}


def _content(row: Any) -> dict[str, Any]:
    return {
        "attributes": loads(row.attributes),
        "attributes_version": row.attributes_version,
        "entries": loads(row.entries),
        "claims": loads(row.claims),
        "snapshot_version": row.snapshot_version,
        "version": row.version,
        "created_at": row.created_at,
    }
