"""Memberships: which customer belongs to which group, and when.

A row keeps the id under which its customer was added. Reads follow ``customer_alias``, so a merge
writes nothing here and its undoing restores every membership.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from common.db import Columns, ReadConnection, Transaction
from common.errors import NotFoundError
from identity.groups.domain.groups import ExternalId, Group, GroupKind
from identity.groups.domain.members import Membership

_COLUMNS = "member.customer_id, member.role, member.valid_from, member.valid_until, member.source"
_IS_VALID = """
    (cast(:at AS timestamptz) IS NULL
     OR (coalesce(member.valid_from, '-infinity') <= :at
         AND coalesce(member.valid_until, 'infinity') > :at))
"""

# The lock keeps the customer from being erased until this transaction ends; merges go on.
LOCK_PERSON = text(
    f"""
    SELECT asked.canonical_id, {_COLUMNS}
    FROM customer_alias AS asked
    LEFT JOIN LATERAL (
        SELECT member.* FROM customer_alias AS alias
        JOIN group_member AS member
          ON member.tenant_id = :tenant_id AND member.group_id = :group_id
         AND member.customer_id = alias.origin_id
        WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = asked.canonical_id
    ) AS member ON true
    WHERE asked.tenant_id = :tenant_id AND asked.origin_id = :customer_id
    FOR KEY SHARE OF asked
    """
)
PAGE_OF_GROUP = text(
    f"""
    SELECT g.id AS group_id, page.*
    FROM customer_group AS g
    LEFT JOIN LATERAL (
        SELECT {_COLUMNS}, alias.canonical_id
        FROM group_member AS member
        JOIN customer_alias AS alias
          ON alias.tenant_id = :tenant_id AND alias.origin_id = member.customer_id
        WHERE member.tenant_id = :tenant_id AND member.group_id = g.id
          AND (member.customer_id, member.role) > (:after_customer, :after_role) AND {_IS_VALID}
        ORDER BY member.customer_id, member.role
        LIMIT :limit
    ) AS page ON true
    WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.removed_at IS NULL
    ORDER BY page.customer_id, page.role
    """
)
PAGE_OF_CUSTOMER = text(
    f"""
    SELECT asked.canonical_id, page.*
    FROM customer_alias AS asked
    LEFT JOIN LATERAL (
        SELECT {_COLUMNS}, g.id AS group_id, g.kind, g.name, g.source AS group_source, g.external_id
        FROM customer_alias AS alias
        JOIN group_member AS member
          ON member.tenant_id = :tenant_id AND member.customer_id = alias.origin_id
        JOIN customer_group AS g ON g.tenant_id = :tenant_id AND g.id = member.group_id
        WHERE alias.tenant_id = :tenant_id AND alias.canonical_id = asked.canonical_id
          AND (member.group_id, member.customer_id, member.role)
              > (:after_group, :after_customer, :after_role)
          AND {_IS_VALID}
        ORDER BY member.group_id, member.customer_id, member.role
        LIMIT :limit
    ) AS page ON true
    WHERE asked.tenant_id = :tenant_id AND asked.origin_id = :customer_id
    ORDER BY page.group_id, page.customer_id, page.role
    """
)

_MEMBER = Columns(
    {
        "customer_id": "uuid",
        "role": "text",
        "valid_from": "timestamptz",
        "valid_until": "timestamptz",
        "source": "text",
    }
)
_COUNT = """
    UPDATE customer_group
    SET version = :version, member_count = :member_count, updated_at = :now
    WHERE tenant_id = :tenant_id AND id = :group_id
"""
SAVE = text(
    f"""
    WITH saved AS (
        INSERT INTO group_member (tenant_id, group_id, {_MEMBER.names}, added_at)
        SELECT :tenant_id, :group_id, {_MEMBER.names}, :now FROM {_MEMBER.table("members")}
        ON CONFLICT (tenant_id, group_id, customer_id, role) DO UPDATE
        SET valid_from = excluded.valid_from, valid_until = excluded.valid_until,
            source = excluded.source
    )
    {_COUNT}
    """
)
_KEY = Columns({"customer_id": "uuid", "role": "text"})
DELETE = text(
    f"""
    WITH gone AS (
        DELETE FROM group_member AS member USING {_KEY.table("members", "key")}
        WHERE member.tenant_id = :tenant_id AND member.group_id = :group_id
          AND member.customer_id = key.customer_id AND member.role = key.role
    )
    {_COUNT}
    """
)
_GROUP = Columns({"id": "uuid", "version": "bigint", "member_count": "integer"})
DELETE_OF_CUSTOMERS = text(
    f"""
    WITH gone AS (
        DELETE FROM group_member
        WHERE tenant_id = :tenant_id AND customer_id = ANY(cast(:ids AS uuid[]))
    )
    UPDATE customer_group AS g
    SET version = after.version, member_count = after.member_count, updated_at = :now
    FROM {_GROUP.table("groups", "after")}
    WHERE g.tenant_id = :tenant_id AND g.id = after.id
    """
)
OF_CUSTOMERS = text(
    f"""
    SELECT member.group_id, {_COLUMNS} FROM group_member AS member
    WHERE member.tenant_id = :tenant_id AND member.customer_id = ANY(cast(:ids AS uuid[]))
    ORDER BY member.group_id, member.customer_id, member.role
    """
)


@dataclass(frozen=True, slots=True)
class ShownMember:
    """A membership as it is shown; ``customer_id`` is canonical."""

    group_id: UUID
    customer_id: UUID
    membership: Membership


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A membership of a customer, with what names its group."""

    member: ShownMember
    kind: GroupKind
    name: str | None
    external_id: ExternalId


async def lock_person(
    tx: Transaction, tenant_id: str, group_id: UUID, customer_id: UUID
) -> tuple[UUID, list[Membership]]:
    """Return the canonical id, and the memberships in the group of all of the customer's ids.

    Raises NotFoundError for an id never issued.
    """
    values = {"tenant_id": tenant_id, "group_id": group_id, "customer_id": customer_id}
    rows = (await tx.execute(LOCK_PERSON, values)).all()
    if not rows:
        raise NotFoundError("there is no such customer")
    memberships = [_membership(row) for row in rows if row.customer_id is not None]
    return rows[0].canonical_id, memberships


async def list_members(
    connection: ReadConnection,
    tenant_id: str,
    group_id: UUID,
    *,
    at: datetime | None,
    after: tuple[UUID, str],
    limit: int,
) -> list[ShownMember]:
    """Return a page of a group's memberships, those valid at a time or all, by id and role.

    Raises NotFoundError for a group that is unknown or was removed.
    """
    values = {
        "tenant_id": tenant_id,
        "group_id": group_id,
        "at": at,
        "after_customer": after[0],
        "after_role": after[1],
        "limit": limit,
    }
    rows = (await connection.execute(PAGE_OF_GROUP, values)).all()
    if not rows:
        raise NotFoundError("there is no such group")
    return [
        ShownMember(row.group_id, row.canonical_id, _membership(row))
        for row in rows
        if row.customer_id is not None
    ]


async def list_groups_of_customer(
    connection: ReadConnection,
    tenant_id: str,
    customer_id: UUID,
    *,
    at: datetime | None,
    after: tuple[UUID, UUID, str],
    limit: int,
) -> list[ShownGroup]:
    """Return a page of a customer's memberships, by group, id and role.

    Raises NotFoundError for an id never issued.
    """
    values = {
        "tenant_id": tenant_id,
        "customer_id": customer_id,
        "at": at,
        "after_group": after[0],
        "after_customer": after[1],
        "after_role": after[2],
        "limit": limit,
    }
    rows = (await connection.execute(PAGE_OF_CUSTOMER, values)).all()
    if not rows:
        raise NotFoundError("there is no such customer")
    return [
        ShownGroup(
            member=ShownMember(row.group_id, row.canonical_id, _membership(row)),
            kind=GroupKind(row.kind),
            name=row.name,
            external_id=ExternalId(row.group_source, row.external_id),
        )
        for row in rows
        if row.group_id is not None
    ]


async def list_memberships_of(
    tx: Transaction, tenant_id: str, customer_ids: Sequence[UUID]
) -> dict[UUID, list[Membership]]:
    """Return the memberships of exactly these ids, by group."""
    memberships: dict[UUID, list[Membership]] = {}
    values = {"tenant_id": tenant_id, "ids": list(customer_ids)}
    for row in await tx.execute(OF_CUSTOMERS, values):
        memberships.setdefault(row.group_id, []).append(_membership(row))
    return memberships


async def save_memberships(
    tx: Transaction, tenant_id: str, group: Group, memberships: Sequence[Membership]
) -> None:
    """Write memberships; ``group`` is as it is after them."""
    rows = [
        {
            "customer_id": membership.customer_id,
            "role": membership.role,
            "valid_from": membership.valid_from,
            "valid_until": membership.valid_until,
            "source": membership.source,
        }
        for membership in memberships
    ]
    await tx.execute(SAVE, {**_group_values(tenant_id, group), "members": _MEMBER.values(rows)})


async def delete_memberships(
    tx: Transaction, tenant_id: str, group: Group, memberships: Sequence[Membership]
) -> None:
    """Delete memberships; ``group`` is as it is after that."""
    rows = [
        {"customer_id": membership.customer_id, "role": membership.role}
        for membership in memberships
    ]
    await tx.execute(DELETE, {**_group_values(tenant_id, group), "members": _KEY.values(rows)})


async def delete_memberships_of(
    tx: Transaction,
    tenant_id: str,
    customer_ids: Sequence[UUID],
    groups: Sequence[Group],
    *,
    now: datetime,
) -> None:
    """Delete every membership of these ids; ``groups`` are theirs, as they are after that."""
    rows = [
        {"id": group.id, "version": group.version, "member_count": group.member_count}
        for group in groups
    ]
    values = {"tenant_id": tenant_id, "ids": list(customer_ids), "now": now}
    await tx.execute(DELETE_OF_CUSTOMERS, {**values, "groups": _GROUP.values(rows)})


def _group_values(tenant_id: str, group: Group) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "group_id": group.id,
        "version": group.version,
        "member_count": group.member_count,
        "now": group.updated_at,
    }


def _membership(row: Any) -> Membership:
    return Membership(row.customer_id, row.role, row.valid_from, row.valid_until, row.source)
