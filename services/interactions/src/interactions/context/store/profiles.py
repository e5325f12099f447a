"""Our copy of customers' profiles, read and written a batch at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import Columns, Transaction
from common.jsons import loads
from interactions.context.domain.profiles import Entry, Identifier, Profile
from interactions.context.store.keys import KEY_COLUMNS, Key, key_row, key_rows

_COLUMNS = Columns(
    {
        "tenant_id": "text",
        "customer_id": "uuid",
        "attributes": "jsonb",
        "attributes_version": "bigint",
        "identifiers": "jsonb",
        "entries": "jsonb",
        "snapshot_version": "bigint",
        "version": "bigint",
        "created_at": "timestamptz",
    }
)
_LOCK = text(
    f"""
    SELECT p.tenant_id, p.customer_id, p.attributes::text AS attributes, p.attributes_version,
           p.entries::text AS entries, p.snapshot_version, p.version, p.created_at
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


async def lock_profiles(tx: Transaction, keys: Sequence[Key]) -> dict[Key, Profile]:
    """Return the profiles that exist, locked until the transaction ends."""
    rows = await tx.execute(_LOCK, {"keys": key_rows(keys)})
    return {(row.tenant_id, row.customer_id): _profile(row) for row in rows}


async def save_profiles(tx: Transaction, profiles: Mapping[Key, Profile], *, now: datetime) -> None:
    """Insert profiles, or overwrite those that the caller has locked."""
    rows = [key_row(key) | _profile_row(profile) for key, profile in profiles.items()]
    await tx.execute(_SAVE, {"profiles": _COLUMNS.values(rows), "now": now})


def _profile_row(profile: Profile) -> dict[str, Any]:
    return {
        "attributes": profile.attributes,
        "attributes_version": profile.attributes_version,
        "identifiers": [_shown(entry) for entry in profile.live()],
        "entries": [_stored(entry) for entry in profile.entries.values()],
        "snapshot_version": profile.snapshot_version,
        "version": profile.version,
        "created_at": profile.created_at,
    }


def _shown(entry: Entry) -> dict[str, Any]:
    """Return an identifier as ``ShownIdentifier`` describes it."""
    identifier = entry.identifier
    return {
        "type": identifier.type,
        "value": identifier.value,
        "scope": identifier.scope,
        "level": identifier.level,
    }


def _stored(entry: Entry) -> dict[str, Any]:
    return {
        **_shown(entry),
        "raw": entry.identifier.raw,
        "version": entry.version,
        "live": entry.live,
    }


def _profile(row: Any) -> Profile:
    entries = [_entry(stored) for stored in loads(row.entries)]
    return Profile(
        attributes=loads(row.attributes),
        attributes_version=row.attributes_version,
        entries={entry.identifier.key: entry for entry in entries},
        snapshot_version=row.snapshot_version,
        version=row.version,
        created_at=row.created_at,
    )


def _entry(stored: Mapping[str, Any]) -> Entry:
    names = ("type", "value", "scope", "raw", "level")
    identifier = Identifier(**{name: stored[name] for name in names})
    return Entry(identifier, stored["version"], stored["live"])
