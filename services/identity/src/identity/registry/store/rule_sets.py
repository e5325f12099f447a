"""Versions of the tenants' rules, and which is in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from identity.customers.store.tenant_lock import lock_key
from identity.registry.domain.rule_set import RuleSet

_COLUMNS = "version, note, created_at, created_by, body"
_FIND = text(f"SELECT {_COLUMNS} FROM rule_set WHERE tenant_id = :tenant_id AND version = :version")
_FIND_LATEST = text(
    f"""
    SELECT {_COLUMNS} FROM rule_set WHERE tenant_id = :tenant_id
    ORDER BY version DESC
    LIMIT 1
    """
)
LIST = text(
    f"""
    SELECT {_COLUMNS} FROM rule_set WHERE tenant_id = :tenant_id AND version < :before
    ORDER BY version DESC
    LIMIT :limit
    """
)
_INSERT = text(
    f"""
    INSERT INTO rule_set (tenant_id, {_COLUMNS})
    VALUES (:tenant_id, :version, :note, :created_at, :created_by, cast(:body AS jsonb))
    """
)
_LOCK = text("SELECT pg_advisory_xact_lock(:rules)")
FIND_IN_FORCE = text(
    """
    SELECT version, revision, since FROM rules_in_force WHERE tenant_id = :tenant_id
    """
)
_PUT_IN_FORCE = text(
    """
    INSERT INTO rules_in_force (tenant_id, version, revision, since)
    VALUES (:tenant_id, :version, 1, :now)
    ON CONFLICT (tenant_id) DO UPDATE
    SET version = excluded.version, since = excluded.since, revision = rules_in_force.revision + 1
    """
)
_RAISE_REVISION = text(
    """
    INSERT INTO rules_in_force (tenant_id, version, revision, since)
    VALUES (:tenant_id, 0, 1, NULL)
    ON CONFLICT (tenant_id) DO UPDATE SET revision = rules_in_force.revision + 1
    """
)


@dataclass(frozen=True, slots=True)
class InForce:
    """Which version decides, and since when. ``revision`` also counts the tenant's types."""

    version: int = 0
    revision: int = 0
    since: datetime | None = None


async def lock_rules(tx: Transaction, tenant_id: str) -> None:
    """Keep others from saving or applying rules of the tenant."""
    await tx.execute(_LOCK, {"rules": lock_key("rules", tenant_id)})


async def find_in_force(connection: ReadConnection, tenant_id: str) -> InForce:
    """Return which version is in force; version 0 if the tenant has applied none."""
    row = (await connection.execute(FIND_IN_FORCE, {"tenant_id": tenant_id})).one_or_none()
    return InForce() if row is None else InForce(row.version, row.revision, row.since)


async def find_rules(connection: ReadConnection, tenant_id: str, version: int) -> RuleSet | None:
    values = {"tenant_id": tenant_id, "version": version}
    return _rules((await connection.execute(_FIND, values)).one_or_none())


async def find_latest_rules(connection: ReadConnection, tenant_id: str) -> RuleSet | None:
    return _rules((await connection.execute(_FIND_LATEST, {"tenant_id": tenant_id})).one_or_none())


async def list_rules(
    connection: ReadConnection, tenant_id: str, *, before: int, limit: int
) -> Sequence[RuleSet]:
    """Return the versions below ``before``, the latest first."""
    values = {"tenant_id": tenant_id, "before": before, "limit": limit}
    rows = (await connection.execute(LIST, values)).all()
    return [rules for row in rows if (rules := _rules(row)) is not None]


async def insert_rules(tx: Transaction, tenant_id: str, rules: RuleSet) -> None:
    values = {
        "tenant_id": tenant_id,
        "version": rules.version,
        "note": rules.note,
        "created_at": rules.created_at,
        "created_by": rules.created_by,
        "body": dumps_text(rules.body()),
    }
    await tx.execute(_INSERT, values)


async def save_in_force(tx: Transaction, tenant_id: str, version: int, *, now: datetime) -> None:
    """Put a version into force: every request from now on is decided by it."""
    await tx.execute(_PUT_IN_FORCE, {"tenant_id": tenant_id, "version": version, "now": now})


async def save_revision(tx: Transaction, tenant_id: str) -> None:
    """Note that requests are read in another way from now on, by the same rules."""
    await tx.execute(_RAISE_REVISION, {"tenant_id": tenant_id})


def _rules(row: Any) -> RuleSet | None:
    if row is None:
        return None
    return RuleSet.of_body(
        row.body,
        version=row.version,
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )
