"""Our copy of customers: profiles, aliases, known identifiers; each written a batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Transaction
from common.jsons import dumps_text, loads
from interactions.context.domain.profiles import Entry, Identifier, Profile

Key = tuple[str, UUID]
"""Tenant and customer."""


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    """One spelling under which a customer is found."""

    tenant_id: str
    type: str
    scope: str
    lookup_key: str
    customer_id: UUID
    level: str
    asserted_at: datetime


_LOCK_ALIASES = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended('customer_alias.' || tenant_id, 0))
      FROM (SELECT DISTINCT tenant_id FROM unnest(cast(:tenants AS text[])) t (tenant_id)
             ORDER BY tenant_id) t
    """
)
_LIST_ALIASES = text(
    """
    SELECT a.tenant_id, a.origin_id, a.canonical_id
      FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) m (tenant_id, id)
      JOIN customer_alias a ON a.tenant_id = m.tenant_id AND a.origin_id = m.id
    """
)
_MOVE_CLUSTERS = text(
    """
    UPDATE customer_alias a SET canonical_id = m.target
      FROM unnest(cast(:tenants AS text[]), cast(:formers AS uuid[]), cast(:targets AS uuid[]))
           m (tenant_id, former, target)
     WHERE a.tenant_id = m.tenant_id AND a.canonical_id = m.former
    """
)
_SAVE_ALIASES = text(
    """
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    SELECT * FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[]),
                         cast(:canonicals AS uuid[]))
           m (tenant_id, origin_id, canonical_id)
     ORDER BY tenant_id, origin_id
    ON CONFLICT (tenant_id, origin_id) DO UPDATE SET canonical_id = excluded.canonical_id
     WHERE customer_alias.canonical_id <> excluded.canonical_id
    """
)
_ADD_ALIASES = text(
    """
    INSERT INTO customer_alias (tenant_id, origin_id, canonical_id)
    SELECT DISTINCT tenant_id, id, id
      FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) m (tenant_id, id)
     ORDER BY tenant_id, id
    ON CONFLICT DO NOTHING
    """
)
_LOCK_PROFILES = text(
    """
    SELECT p.tenant_id, p.customer_id, p.attributes::text AS attributes, p.attributes_version,
           p.entries::text AS entries, p.snapshot_version, p.version, p.created_at
      FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[])) m (tenant_id, id)
      JOIN customer_profile p ON p.tenant_id = m.tenant_id AND p.customer_id = m.id
     ORDER BY p.tenant_id, p.customer_id
       FOR UPDATE OF p
    """
)
_SAVE_PROFILES = text(
    """
    INSERT INTO customer_profile (tenant_id, customer_id, attributes, attributes_version,
        identifiers, entries, snapshot_version, version, created_at, updated_at)
    SELECT tenant_id, customer_id, attributes, attributes_version, identifiers, entries,
           snapshot_version, version, created_at, :now
      FROM unnest(cast(:tenants AS text[]), cast(:ids AS uuid[]), cast(:attributes AS jsonb[]),
                  cast(:attributes_versions AS bigint[]), cast(:identifiers AS jsonb[]),
                  cast(:entries AS jsonb[]), cast(:snapshot_versions AS bigint[]),
                  cast(:versions AS bigint[]), cast(:created_ats AS timestamptz[]))
           m (tenant_id, customer_id, attributes, attributes_version, identifiers, entries,
              snapshot_version, version, created_at)
     ORDER BY tenant_id, customer_id
    ON CONFLICT (tenant_id, customer_id) DO UPDATE SET
        attributes = excluded.attributes,
        attributes_version = excluded.attributes_version,
        identifiers = excluded.identifiers,
        entries = excluded.entries,
        snapshot_version = excluded.snapshot_version,
        version = excluded.version,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at
    """
)
_FORGET_IDENTIFIERS = text(
    """
    DELETE FROM known_identifier k
     USING unnest(cast(:tenants AS text[]), cast(:types AS text[]), cast(:scopes AS text[]),
                  cast(:keys AS text[]), cast(:ids AS uuid[]))
           m (tenant_id, type, scope, lookup_key, customer_id)
     WHERE k.tenant_id = m.tenant_id AND k.type = m.type AND k.scope = m.scope
       AND k.lookup_key = m.lookup_key
       AND coalesce((SELECT a.canonical_id FROM customer_alias a
                      WHERE a.tenant_id = k.tenant_id AND a.origin_id = k.customer_id),
                    k.customer_id)
         = coalesce((SELECT a.canonical_id FROM customer_alias a
                      WHERE a.tenant_id = m.tenant_id AND a.origin_id = m.customer_id),
                    m.customer_id)
    """
)
_SAVE_IDENTIFIERS = text(
    """
    INSERT INTO known_identifier (tenant_id, type, scope, lookup_key, customer_id, level,
                                  asserted_at)
    SELECT DISTINCT ON (tenant_id, type, scope, lookup_key) *
      FROM unnest(cast(:tenants AS text[]), cast(:types AS text[]), cast(:scopes AS text[]),
                  cast(:keys AS text[]), cast(:ids AS uuid[]), cast(:levels AS text[]),
                  cast(:asserted AS timestamptz[]))
           m (tenant_id, type, scope, lookup_key, customer_id, level, asserted_at)
     ORDER BY tenant_id, type, scope, lookup_key, asserted_at DESC
    ON CONFLICT (tenant_id, type, scope, lookup_key) DO UPDATE SET
        customer_id = excluded.customer_id,
        level = excluded.level,
        asserted_at = excluded.asserted_at
     WHERE excluded.asserted_at >= known_identifier.asserted_at
    """
)


async def lock_aliases(tx: Transaction, tenant_ids: Sequence[str]) -> None:
    """Let one transaction at a time unite customers of a tenant, so that no chain can form."""
    await tx.execute(_LOCK_ALIASES, {"tenants": list(tenant_ids)})


async def list_aliases(tx: Transaction, keys: Sequence[Key]) -> dict[Key, UUID]:
    """Return the canonical id of each id that has a row."""
    rows = await tx.execute(
        _LIST_ALIASES, {"tenants": [k[0] for k in keys], "ids": [k[1] for k in keys]}
    )
    return {(row.tenant_id, row.origin_id): row.canonical_id for row in rows}


async def save_aliases(
    tx: Transaction, *, moves: Mapping[Key, UUID], rows: Mapping[Key, UUID]
) -> None:
    """Move whole clusters to their new canonical id, then write the rows of the named ids."""
    if moves:
        arguments = {
            "tenants": [k[0] for k in moves],
            "formers": [k[1] for k in moves],
            "targets": list(moves.values()),
        }
        await tx.execute(_MOVE_CLUSTERS, arguments)
    arguments = {
        "tenants": [k[0] for k in rows],
        "ids": [k[1] for k in rows],
        "canonicals": list(rows.values()),
    }
    await tx.execute(_SAVE_ALIASES, arguments)


async def add_aliases(tx: Transaction, keys: Sequence[Key]) -> None:
    """Give each id that has no row one that points at itself."""
    await tx.execute(_ADD_ALIASES, {"tenants": [k[0] for k in keys], "ids": [k[1] for k in keys]})


async def lock_profiles(tx: Transaction, keys: Sequence[Key]) -> dict[Key, Profile]:
    """Return the profiles that exist, locked until the transaction ends."""
    rows = await tx.execute(
        _LOCK_PROFILES, {"tenants": [k[0] for k in keys], "ids": [k[1] for k in keys]}
    )
    return {(row.tenant_id, row.customer_id): _profile(row) for row in rows}


async def save_profiles(tx: Transaction, profiles: Mapping[Key, Profile], *, now: datetime) -> None:
    found = list(profiles.values())
    arguments = {
        "tenants": [k[0] for k in profiles],
        "ids": [k[1] for k in profiles],
        "attributes": [dumps_text(p.attributes) for p in found],
        "attributes_versions": [p.attributes_version for p in found],
        "identifiers": [dumps_text([_shown(e) for e in p.live()]) for p in found],
        "entries": [dumps_text([_stored(e) for e in p.entries.values()]) for p in found],
        "snapshot_versions": [p.snapshot_version for p in found],
        "versions": [p.version for p in found],
        "created_ats": [p.created_at for p in found],
        "now": now,
    }
    await tx.execute(_SAVE_PROFILES, arguments)


async def forget_identifiers(tx: Transaction, gone: Sequence[KnownIdentifier]) -> None:
    """Delete spellings, but only where the same customer, by any of its ids, still holds them."""
    await tx.execute(
        _FORGET_IDENTIFIERS,
        {
            "tenants": [k.tenant_id for k in gone],
            "types": [k.type for k in gone],
            "scopes": [k.scope for k in gone],
            "keys": [k.lookup_key for k in gone],
            "ids": [k.customer_id for k in gone],
        },
    )


async def save_identifiers(tx: Transaction, known: Sequence[KnownIdentifier]) -> None:
    """Write spellings; an assertion older than the one that stands changes nothing."""
    await tx.execute(
        _SAVE_IDENTIFIERS,
        {
            "tenants": [k.tenant_id for k in known],
            "types": [k.type for k in known],
            "scopes": [k.scope for k in known],
            "keys": [k.lookup_key for k in known],
            "ids": [k.customer_id for k in known],
            "levels": [k.level for k in known],
            "asserted": [k.asserted_at for k in known],
        },
    )


def _shown(entry: Entry) -> dict[str, Any]:
    one = entry.identifier
    return {"type": one.type, "value": one.value, "scope": one.scope, "level": one.level}


def _stored(entry: Entry) -> dict[str, Any]:
    return {
        **_shown(entry),
        "raw": entry.identifier.raw,
        "version": entry.version,
        "live": entry.live,
        "spellings": sorted(entry.spellings),
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
    spellings = frozenset(stored["spellings"])
    return Entry(identifier, stored["version"], stored["live"], spellings)
