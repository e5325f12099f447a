"""Profiles and their blocking keys."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, Transaction
from identity.matching.domain.keys import MAX_BLOCK
from identity.matching.domain.profiles import Profile
from identity.matching.store.profile_json import profile_from_json, profile_to_json

UNCOMPARED = -1
_PROFILE = Columns({"customer_id": "uuid", "profile": "jsonb", "keys": "jsonb", "draw": "integer"})
_DRAWS = 0x7FFFFFFF
SAVE = text(
    f"""
    INSERT INTO match_profile (tenant_id, customer_id, profile, keys, model, draw)
    SELECT :tenant_id, customer_id, profile,
           ARRAY(SELECT cast(jsonb_array_elements_text(keys) AS bigint)), {UNCOMPARED}, draw
    FROM {_PROFILE.table("profiles")}
    ON CONFLICT (tenant_id, customer_id) DO UPDATE
    SET profile = excluded.profile, keys = excluded.keys, model = excluded.model
    """
)
# The keys are those of the stored profile.
DELETE_KEYS = text(
    """
    DELETE FROM match_key USING match_profile AS profile, unnest(profile.keys) AS own (key)
    WHERE profile.tenant_id = :tenant_id AND profile.customer_id = ANY(cast(:ids AS uuid[]))
      AND match_key.tenant_id = :tenant_id AND match_key.key = own.key
      AND match_key.customer_id = profile.customer_id
    """
)
INSERT_KEYS = text(
    """
    INSERT INTO match_key (tenant_id, key, customer_id)
    SELECT :tenant_id, key, customer_id
    FROM unnest(cast(:keys AS bigint[]), cast(:ids AS uuid[])) AS own (key, customer_id)
    ORDER BY key
    ON CONFLICT DO NOTHING
    """
)
DELETE = text(
    """
    DELETE FROM match_profile
    WHERE tenant_id = :tenant_id AND customer_id = ANY(cast(:ids AS uuid[]))
    """
)
_COLUMNS = "customer_id, profile, keys, model"
BY_IDS = text(
    f"""
    SELECT {_COLUMNS} FROM match_profile
    WHERE tenant_id = :tenant_id AND customer_id = ANY(cast(:ids AS uuid[]))
    """
)
STALE = text(
    f"""
    SELECT {_COLUMNS} FROM match_profile
    WHERE tenant_id = :tenant_id AND model < :model
    ORDER BY tenant_id, model, customer_id LIMIT :count
    """
)
SAMPLE = text(
    f"""
    SELECT {_COLUMNS} FROM match_profile
    WHERE tenant_id = :tenant_id ORDER BY draw LIMIT :count
    """
)
BLOCKS = text(
    f"""
    SELECT block.members
    FROM unnest(cast(:keys AS bigint[])) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT array_agg(customer_id) AS members FROM (
            SELECT customer_id FROM match_key
            WHERE tenant_id = :tenant_id AND key = wanted.key
            LIMIT {MAX_BLOCK + 1}) AS limited
    ) AS block
    WHERE cardinality(block.members) BETWEEN 2 AND {MAX_BLOCK}
    """
)
COMPARED = text(
    """
    SELECT customer_id, CASE WHEN model >= :model THEN profile END AS profile FROM match_profile
    WHERE tenant_id = :tenant_id AND customer_id = ANY(cast(:ids AS uuid[]))
    """
)
MARK = text(
    """
    UPDATE match_profile SET model = :model
    WHERE tenant_id = :tenant_id AND customer_id = ANY(cast(:ids AS uuid[]))
    """
)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """``model`` is the version with which the profile was last compared."""

    customer_id: UUID
    profile: Profile
    keys: tuple[int, ...]
    model: int = UNCOMPARED


async def save_profiles(
    tx: Transaction, tenant_id: str, profiles: Sequence[StoredProfile], *, replaced: Iterable[UUID]
) -> None:
    """Write the profiles with their keys, to be compared; some replace stored ones."""
    gone = sorted(replaced)
    if gone:
        await tx.execute(DELETE_KEYS, {"tenant_id": tenant_id, "ids": gone})
    rows = [
        {
            "customer_id": stored.customer_id,
            "profile": profile_to_json(stored.profile),
            "keys": stored.keys,
            "draw": stored.customer_id.int & _DRAWS,
        }
        for stored in profiles
    ]
    await tx.execute(SAVE, {"tenant_id": tenant_id, "profiles": _PROFILE.values(rows)})
    pairs = [(key, stored.customer_id) for stored in profiles for key in stored.keys]
    keys = {
        "tenant_id": tenant_id,
        "keys": [key for key, _ in pairs],
        "ids": [customer_id for _, customer_id in pairs],
    }
    await tx.execute(INSERT_KEYS, keys)


async def delete_profiles(tx: Transaction, tenant_id: str, ids: Iterable[UUID]) -> None:
    """Delete what matching keeps of customers, their keys too."""
    gone = {"tenant_id": tenant_id, "ids": sorted(ids)}
    await tx.execute(DELETE_KEYS, gone)
    await tx.execute(DELETE, gone)


async def list_profiles(
    tx: Transaction, tenant_id: str, ids: Iterable[UUID]
) -> dict[UUID, StoredProfile]:
    """Return the profiles of customers, by their ids."""
    rows = await tx.execute(BY_IDS, {"tenant_id": tenant_id, "ids": sorted(ids)})
    return _by_id(rows)


async def list_compared(
    tx: Transaction, tenant_id: str, ids: Iterable[UUID], *, model: int
) -> tuple[dict[UUID, Profile], set[UUID]]:
    """Return the profiles that were compared with this model, and the ids of those that wait."""
    values = {"tenant_id": tenant_id, "ids": sorted(ids), "model": model}
    ready: dict[UUID, Profile] = {}
    waiting: set[UUID] = set()
    for row in await tx.execute(COMPARED, values):
        if row.profile is None:
            waiting.add(row.customer_id)
        else:
            ready[row.customer_id] = profile_from_json(row.profile)
    return ready, waiting


async def list_stale_profiles(
    tx: Transaction, tenant_id: str, *, model: int, count: int
) -> dict[UUID, StoredProfile]:
    """Return profiles that were not compared with this model yet."""
    values = {"tenant_id": tenant_id, "model": model, "count": count}
    return _by_id(await tx.execute(STALE, values))


async def list_sample(tx: Transaction, tenant_id: str, *, count: int) -> dict[UUID, StoredProfile]:
    """Return profiles as good as at random, always the same ones while no others are added."""
    return _by_id(await tx.execute(SAMPLE, {"tenant_id": tenant_id, "count": count}))


async def list_blocks(tx: Transaction, tenant_id: str, keys: Iterable[int]) -> list[Sequence[UUID]]:
    """Return the customers that have each key, without keys that one has, or too many have."""
    rows = await tx.execute(BLOCKS, {"tenant_id": tenant_id, "keys": sorted(set(keys))})
    return [row.members for row in rows]


async def mark_compared(
    tx: Transaction, tenant_id: str, ids: Iterable[UUID], *, model: int
) -> None:
    """Note that these profiles were compared with this model."""
    await tx.execute(MARK, {"tenant_id": tenant_id, "ids": sorted(ids), "model": model})


def _by_id(rows: Iterable[Any]) -> dict[UUID, StoredProfile]:
    return {row.customer_id: _stored(row) for row in rows}


def _stored(row: Any) -> StoredProfile:
    profile: Mapping[str, Any] = row.profile
    return StoredProfile(row.customer_id, profile_from_json(profile), tuple(row.keys), row.model)
