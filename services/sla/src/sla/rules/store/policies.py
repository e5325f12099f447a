"""Policies and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from sla.rules.store.revisions import IN_FORCE


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """``body`` has conditions, targets and options; name, position and enabled stand apart."""

    policy_id: UUID
    version: int
    name: str
    position: int
    enabled: bool
    body: Mapping[str, Any]
    created_at: datetime

    @property
    def etag_parts(self) -> tuple[str, int]:
        """What its ETag is made of."""
        return str(self.policy_id), self.version


_POLICY = "policy_id, version, name, position, enabled, body, created_at"

_POLICIES_AT = text(
    f"SELECT {_POLICY} FROM policy_version"
    f" WHERE tenant_id = :tenant AND enabled AND {IN_FORCE} ORDER BY position"
)

_POLICIES = text(
    f"SELECT {_POLICY} FROM policy_version"
    " WHERE tenant_id = :tenant AND to_revision IS NULL"
    " AND (cast(:id AS uuid) IS NULL OR policy_id = :id)"
    " AND position > :after ORDER BY position LIMIT :limit"
)

_POLICY_AT_POSITION = text(
    f"SELECT {_POLICY} FROM policy_version"
    " WHERE tenant_id = :tenant AND to_revision IS NULL AND position = :position"
)

_END_POLICY = text(
    "UPDATE policy_version SET to_revision = :revision"
    " WHERE tenant_id = :tenant AND policy_id = :id AND to_revision IS NULL"
)

_ADD_POLICY = text(
    """
    INSERT INTO policy_version (tenant_id, policy_id, version, name, position, enabled, body,
                                from_revision, created_at)
    VALUES (:tenant, :id, :version, :name, :position, :enabled, cast(:body AS jsonb), :revision,
            :created_at)
    """
)


async def in_force(tx: Transaction, tenant_id: str, revision: int) -> list[PolicyVersion]:
    """Return the policies of a revision by position, without those that are switched off."""
    values = {"tenant": tenant_id, "revision": revision}
    return [_policy(row) for row in await tx.execute(_POLICIES_AT, values)]


async def current(
    connection: ReadConnection,
    tenant_id: str,
    *,
    policy_id: UUID | None = None,
    after: int = -1,
    limit: int = 1,
) -> list[PolicyVersion]:
    """Return current policies by position: the one asked for, or those after a position."""
    values = {"tenant": tenant_id, "id": policy_id, "after": after, "limit": limit}
    return [_policy(row) for row in await connection.execute(_POLICIES, values)]


async def at_position(tx: Transaction, tenant_id: str, position: int) -> PolicyVersion | None:
    values = {"tenant": tenant_id, "position": position}
    row = (await tx.execute(_POLICY_AT_POSITION, values)).one_or_none()
    return None if row is None else _policy(row)


async def save(tx: Transaction, tenant_id: str, policy: PolicyVersion, revision: int) -> None:
    """Put a version in the place of the one before, as of a revision that the caller took."""
    values = {"tenant": tenant_id, "id": policy.policy_id, "revision": revision}
    await tx.execute(_END_POLICY, values)
    await tx.execute(
        _ADD_POLICY,
        {
            **values,
            "version": policy.version,
            "name": policy.name,
            "position": policy.position,
            "enabled": policy.enabled,
            "body": dumps_text(policy.body),
            "created_at": policy.created_at,
        },
    )


def _policy(row: Any) -> PolicyVersion:
    return PolicyVersion(
        policy_id=row.policy_id,
        version=row.version,
        name=row.name,
        position=row.position,
        enabled=row.enabled,
        body=row.body,
        created_at=row.created_at,
    )
