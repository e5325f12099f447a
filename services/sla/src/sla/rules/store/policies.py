"""Policies and their versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text
from sla.rules.domain.policy import Policy
from sla.rules.domain.policy_parser import parse_policy
from sla.rules.store.revisions import IN_FORCE


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """``body`` has conditions, targets and options; name, position and enabled are columns."""

    policy_id: UUID
    version: int
    name: str
    position: int
    enabled: bool
    body: Mapping[str, Any]
    created_at: datetime

    @property
    def etag_parts(self) -> tuple[str, int]:
        return str(self.policy_id), self.version

    def policy(self) -> Policy:
        """Return the policy of this version. Raises InvalidError, naming each invalid field."""
        return parse_policy(
            self.body,
            policy_id=self.policy_id,
            version=self.version,
            since=self.created_at,
            name=self.name,
            position=self.position,
        )


_COLUMNS = "policy_id, version, name, position, enabled, body, created_at"

_LIST_IN_FORCE = text(
    f"""
    SELECT {_COLUMNS} FROM policy_version
    WHERE tenant_id = :tenant AND enabled AND {IN_FORCE}
    ORDER BY position
    """
)

_LIST_CURRENT = text(
    f"""
    SELECT {_COLUMNS} FROM policy_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND position > :after
    ORDER BY position LIMIT :limit
    """
)

_FIND_CURRENT = text(
    f"""
    SELECT {_COLUMNS} FROM policy_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND policy_id = :id
    """
)

_FIND_BY_POSITION = text(
    f"""
    SELECT {_COLUMNS} FROM policy_version
    WHERE tenant_id = :tenant AND to_revision IS NULL AND position = :position
    """
)

_END_CURRENT = text(
    """
    UPDATE policy_version SET to_revision = :revision
    WHERE tenant_id = :tenant AND policy_id = :id AND to_revision IS NULL
    """
)

_INSERT = text(
    """
    INSERT INTO policy_version (tenant_id, policy_id, version, name, position, enabled, body,
                                from_revision, created_at)
    VALUES (:tenant, :id, :version, :name, :position, :enabled, cast(:body AS jsonb), :revision,
            :created_at)
    """
)


async def list_in_force(tx: Transaction, tenant_id: str, revision: int) -> list[PolicyVersion]:
    """Return the enabled policies of a revision, by position."""
    values = {"tenant": tenant_id, "revision": revision}
    return [_policy(row) for row in await tx.execute(_LIST_IN_FORCE, values)]


async def list_current(
    connection: ReadConnection, tenant_id: str, *, after: int, limit: int
) -> list[PolicyVersion]:
    """Return the current policies whose positions follow ``after``, by position."""
    values = {"tenant": tenant_id, "after": after, "limit": limit}
    return [_policy(row) for row in await connection.execute(_LIST_CURRENT, values)]


async def find_current(
    connection: ReadConnection, tenant_id: str, policy_id: UUID
) -> PolicyVersion | None:
    values = {"tenant": tenant_id, "id": policy_id}
    row = (await connection.execute(_FIND_CURRENT, values)).one_or_none()
    return None if row is None else _policy(row)


async def find_by_position(tx: Transaction, tenant_id: str, position: int) -> PolicyVersion | None:
    values = {"tenant": tenant_id, "position": position}
    row = (await tx.execute(_FIND_BY_POSITION, values)).one_or_none()
    return None if row is None else _policy(row)


async def save_version(
    tx: Transaction, tenant_id: str, policy: PolicyVersion, revision: int
) -> None:
    """Replace the current version, if any, as of a revision that the caller has taken."""
    values = {"tenant": tenant_id, "id": policy.policy_id, "revision": revision}
    await tx.execute(_END_CURRENT, values)
    await tx.execute(
        _INSERT,
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
