"""The state of matching in each tenant: how much there is, and the model it has taught."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from common.db import Transaction
from common.jsons import dumps_text
from identity.matching.domain.model import Model
from identity.matching.domain.profiles import PROFILE_VERSION
from identity.matching.store.profile_json import model_from_json, model_to_json

COUNT = text(
    f"""
    INSERT INTO match_tenant AS tenant (tenant_id, profiles, profile_version, is_pending)
    VALUES (:tenant_id, :added, {PROFILE_VERSION}, true)
    ON CONFLICT (tenant_id) DO UPDATE
    SET profiles = tenant.profiles + :added, is_pending = true
    """
)
PENDING = text(
    """
    SELECT tenant_id, profiles, model_version, model, learned_from, learned_labels
    FROM match_tenant
    WHERE is_pending AND CASE WHEN cast(:tenant_id AS text) IS NULL THEN NOT is_held
                              ELSE tenant_id = :tenant_id END
    ORDER BY tenant_id LIMIT 1
    """
)
_SETTLE = text("UPDATE match_tenant SET is_pending = false WHERE tenant_id = :tenant_id")
_WAKE = text("UPDATE match_tenant SET is_pending = true WHERE tenant_id = :tenant_id")
_HOLD = text(
    f"""
    INSERT INTO match_tenant (tenant_id, profiles, profile_version, is_pending, is_held)
    VALUES (:tenant_id, 0, {PROFILE_VERSION}, true, true)
    ON CONFLICT (tenant_id) DO UPDATE SET is_held = true
    """
)
_SAVE_MODEL = text(
    """
    UPDATE match_tenant
    SET model_version = :version, model = cast(:model AS jsonb), learned_from = profiles,
        learned_labels = :labels
    WHERE tenant_id = :tenant_id
    """
)
# Profiles as an older version read them: the job reads them again, like changed ones.
_REREAD = text(
    f"""
    WITH outdated AS (
        UPDATE match_tenant SET profile_version = {PROFILE_VERSION}
        WHERE tenant_id = (SELECT tenant_id FROM match_tenant
                           WHERE profile_version < {PROFILE_VERSION} LIMIT 1)
        RETURNING tenant_id
    )
    INSERT INTO match_queue (tenant_id, customer_id)
    SELECT tenant_id, customer_id FROM match_profile JOIN outdated USING (tenant_id)
    """
)


@dataclass(frozen=True, slots=True)
class MatchTenant:
    """``learned_from`` and ``learned_labels`` are how much there was when it last learned."""

    tenant_id: str
    profiles: int
    model: Model
    learned_from: int
    learned_labels: int


async def save_growth(tx: Transaction, tenant_id: str, *, added: int) -> None:
    """Add to the number of profiles; some are to be compared."""
    await tx.execute(COUNT, {"tenant_id": tenant_id, "added": added})


async def find_pending_tenant(tx: Transaction, tenant_id: str | None) -> MatchTenant | None:
    """Return a tenant with something to compare or to decide, or this one if it has."""
    row = (await tx.execute(PENDING, {"tenant_id": tenant_id})).one_or_none()
    if row is None:
        return None
    model = _model(row.model_version, row.model, row.profiles)
    return MatchTenant(row.tenant_id, row.profiles, model, row.learned_from, row.learned_labels)


async def mark_settled(tx: Transaction, tenant_id: str) -> None:
    """Note that nothing is left to compare or to decide."""
    await tx.execute(_SETTLE, {"tenant_id": tenant_id})


async def mark_pending(tx: Transaction, tenant_id: str) -> None:
    """Let the job look at the tenant again."""
    await tx.execute(_WAKE, {"tenant_id": tenant_id})


async def mark_held(tx: Transaction, tenant_id: str) -> None:
    """Keep the job away from a tenant."""
    await tx.execute(_HOLD, {"tenant_id": tenant_id})


async def mark_outdated(tx: Transaction) -> int:
    """Queue the profiles of a tenant that an older version read; return how many."""
    return (await tx.execute(_REREAD)).rowcount


async def save_model(tx: Transaction, tenant_id: str, model: Model, *, labels: int) -> None:
    """Make this the tenant's model, learned from so many decisions."""
    values = {
        "tenant_id": tenant_id,
        "version": model.version,
        "model": dumps_text(model_to_json(model)),
        "labels": labels,
    }
    await tx.execute(_SAVE_MODEL, values)


FEWEST = 1_000
"""Before anything is learned, a tenant counts as having as many customers at least."""


def _model(version: int, members: Mapping[str, Any] | None, profiles: int) -> Model:
    if members is not None:
        return model_from_json(version, members)
    return Model.unlearned(max(profiles, FEWEST))
