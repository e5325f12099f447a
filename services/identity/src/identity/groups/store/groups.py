"""Groups, with their contact points: found for a change, written, listed.

The row of a removed group stays, empty, so that the version of its last event is never used again.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from common.db import Columns, ReadConnection, Transaction
from common.errors import NotFoundError
from common.jsons import dumps_text
from identifiers import NORMALISER_VERSION, IdentifierKey
from identity.groups.domain.contact_points import EXTERNAL_ID
from identity.groups.domain.groups import ContactPoint, ExternalId, Group, GroupDraft, GroupKind

_SELECT = """
    SELECT g.id, g.version, g.kind, g.source, g.external_id, g.name, g.attributes, g.member_count,
           g.created_at, g.updated_at,
           (SELECT json_agg(json_build_object('type', point.type, 'scope', point.scope,
                                              'value', point.value, 'raw', point.raw)
                            ORDER BY point.type, point.scope, point.value)
            FROM group_contact_point AS point
            WHERE point.tenant_id = :tenant_id AND point.group_id = g.id) AS contact_points
    FROM customer_group AS g
    WHERE g.tenant_id = :tenant_id AND g.removed_at IS NULL
"""
BY_ID = text(f"{_SELECT} AND g.id = :group_id")
BY_EXTERNAL_ID = text(f"{_SELECT} AND g.source = :source AND g.external_id = :external_id")
LOCK_BY_ID = text(f"{BY_ID.text} FOR UPDATE")
LOCK_BY_EXTERNAL_ID = text(f"{BY_EXTERNAL_ID.text} FOR UPDATE")
LOCK_OF_CUSTOMERS = text(
    f"""
    {_SELECT} AND g.id IN (
        SELECT member.group_id FROM group_member AS member
        WHERE member.tenant_id = :tenant_id AND member.customer_id = ANY(cast(:ids AS uuid[])))
    ORDER BY g.id FOR UPDATE
    """
)
LOCK_BY_KEYS = text(
    f"""
    {_SELECT} AND g.id = ANY(ARRAY(
        SELECT point.group_id
        FROM unnest(cast(:types AS text[]), cast(:scopes AS text[]), cast(:values AS text[]))
             AS key (type, scope, value)
        CROSS JOIN LATERAL (
            SELECT group_id FROM group_contact_point
            WHERE tenant_id = :tenant_id AND type = key.type AND scope = key.scope
              AND value = key.value
            LIMIT 1000) AS point))
    ORDER BY g.id FOR UPDATE
    """
)
PAGE = text(f"{_SELECT} AND g.id > :after ORDER BY g.id LIMIT :limit")
PAGE_OF_KIND = text(f"{_SELECT} AND g.kind = :kind AND g.id > :after ORDER BY g.id LIMIT :limit")
PAGE_BY_CONTACT_POINT = text(
    f"""
    {_SELECT} AND g.id = ANY(ARRAY(
        SELECT point.group_id FROM group_contact_point AS point
        WHERE point.tenant_id = :tenant_id AND point.type = :type AND point.scope = :scope
          AND point.value = :value AND point.group_id > :after
        ORDER BY point.group_id LIMIT :limit))
    ORDER BY g.id
    """
)
# A literal version lets the planner use the index of the older ones.
FIND_OLDER_KEY = text(
    f"""
    SELECT tenant_id, group_id FROM group_contact_point
    WHERE normaliser_version < {NORMALISER_VERSION}
    ORDER BY tenant_id, group_id LIMIT 1
    """
)
IS_REMOVED = text(
    "SELECT removed_at IS NOT NULL FROM customer_group"
    " WHERE tenant_id = :tenant_id AND id = :group_id"
)

_POINT = Columns({"type": "text", "scope": "text", "value": "text", "raw": "text"})
_INSERT_POINTS = f"""
    INSERT INTO group_contact_point
        (tenant_id, group_id, {_POINT.names}, normaliser_version)
    SELECT :tenant_id, saved.id, {_POINT.of("point")}, {NORMALISER_VERSION}
    FROM saved, {_POINT.table("points", "point")}
"""
INSERT = text(
    f"""
    WITH saved AS (
        INSERT INTO customer_group (tenant_id, id, version, kind, source, external_id, name,
                                    attributes, member_count, created_at, updated_at)
        VALUES (:tenant_id, :group_id, :version, :kind, :source, :external_id, :name,
                cast(:attributes AS jsonb), :member_count, :created_at, :updated_at)
        ON CONFLICT DO NOTHING
        RETURNING id
    ), points AS ({_INSERT_POINTS})
    SELECT count(*) FROM saved
    """
)
SAVE = text(
    f"""
    WITH saved AS (
        UPDATE customer_group
        SET version = :version, kind = :kind, name = :name,
            attributes = cast(:attributes AS jsonb), updated_at = :updated_at
        WHERE tenant_id = :tenant_id AND id = :group_id
        RETURNING id
    ), gone AS (
        DELETE FROM group_contact_point AS old
        WHERE old.tenant_id = :tenant_id AND old.group_id = :group_id
          AND (old.type, old.scope, old.value) NOT IN (
              SELECT kept.type, kept.scope, kept.value FROM {_POINT.table("points", "kept")})
    )
    {_INSERT_POINTS}
    ON CONFLICT (tenant_id, type, scope, value, group_id) DO UPDATE
    SET raw = excluded.raw, normaliser_version = excluded.normaliser_version
    """
)
DELETE = text(
    """
    WITH points AS (
        DELETE FROM group_contact_point WHERE tenant_id = :tenant_id AND group_id = :group_id
    ), members AS (
        DELETE FROM group_member WHERE tenant_id = :tenant_id AND group_id = :group_id
    )
    UPDATE customer_group
    SET version = :version, source = NULL, external_id = NULL, name = NULL, attributes = '{}',
        member_count = 0, updated_at = :updated_at, removed_at = :updated_at
    WHERE tenant_id = :tenant_id AND id = :group_id
    """
)


async def find_group(connection: ReadConnection, tenant_id: str, group_id: UUID) -> Group | None:
    return await _find(connection, BY_ID, tenant_id=tenant_id, group_id=group_id)


async def lock_group(tx: Transaction, tenant_id: str, group_id: UUID) -> Group:
    """Return the group, locked. Raises NotFoundError if it is unknown or was removed."""
    group = await _find(tx, LOCK_BY_ID, tenant_id=tenant_id, group_id=group_id)
    if group is None:
        raise NotFoundError("there is no such group")
    return group


async def lock_group_by_external_id(
    tx: Transaction, tenant_id: str, external_id: ExternalId
) -> Group | None:
    values = {"source": external_id.source, "external_id": external_id.id}
    return await _find(tx, LOCK_BY_EXTERNAL_ID, tenant_id=tenant_id, **values)


async def lock_groups_of_customers(
    tx: Transaction, tenant_id: str, customer_ids: Sequence[UUID]
) -> list[Group]:
    """Return the groups with any of these ids as a member, locked in the order of their ids."""
    values = {"tenant_id": tenant_id, "ids": list(customer_ids)}
    return [_group(row) for row in await tx.execute(LOCK_OF_CUSTOMERS, values)]


async def lock_groups_by_keys(
    tx: Transaction, tenant_id: str, keys: Collection[IdentifierKey]
) -> list[Group]:
    """Return the groups with any of these contact points, locked in the order of their ids."""
    if not keys:
        return []
    types, scopes, values = (list(column) for column in zip(*sorted(keys), strict=True))
    parameters = {"tenant_id": tenant_id, "types": types, "scopes": scopes, "values": values}
    return [_group(row) for row in await tx.execute(LOCK_BY_KEYS, parameters)]


async def lock_group_of_older_keys(tx: Transaction) -> tuple[str, Group] | None:
    """Return a group with keys of an older normaliser, locked, and its tenant; None without one."""
    older = (await tx.execute(FIND_OLDER_KEY)).one_or_none()
    if older is None:
        return None
    tenant_id: str = older.tenant_id
    group = await _find(tx, LOCK_BY_ID, tenant_id=tenant_id, group_id=older.group_id)
    return None if group is None else (tenant_id, group)


async def find_removed(tx: Transaction, tenant_id: str, group_id: UUID) -> bool | None:
    """Return whether a group was removed; None if its id is unknown."""
    removed = await tx.execute(IS_REMOVED, {"tenant_id": tenant_id, "group_id": group_id})
    found: bool | None = removed.scalar_one_or_none()
    return found


async def list_groups(
    connection: ReadConnection,
    tenant_id: str,
    *,
    kind: GroupKind | None,
    after: UUID,
    limit: int,
) -> list[Group]:
    """Return a page of groups, of one kind or of all, in the order of their ids."""
    values = {"tenant_id": tenant_id, "after": after, "limit": limit}
    if kind is None:
        return await _list(connection, PAGE, **values)
    return await _list(connection, PAGE_OF_KIND, kind=kind.value, **values)


async def list_groups_by_key(
    connection: ReadConnection, tenant_id: str, key: IdentifierKey, *, after: UUID, limit: int
) -> list[Group]:
    """Return a page of the groups with this contact point, or the one with this external id."""
    if key.type == EXTERNAL_ID:
        values = {"source": key.scope, "external_id": key.value}
        return await _list(connection, BY_EXTERNAL_ID, tenant_id=tenant_id, **values)
    values = {"type": key.type, "scope": key.scope, "value": key.value}
    page = {"tenant_id": tenant_id, "after": after, "limit": limit}
    return await _list(connection, PAGE_BY_CONTACT_POINT, **values, **page)


async def insert_group(tx: Transaction, tenant_id: str, group: Group) -> bool:
    """Write a new group; return False if another one has its external id."""
    return bool((await tx.execute(INSERT, _values(tenant_id, group))).scalar_one())


async def save_group_draft(tx: Transaction, tenant_id: str, group: Group) -> None:
    """Write what a new draft has changed; members and external id stay as they are."""
    await tx.execute(SAVE, _values(tenant_id, group))


async def delete_group(tx: Transaction, tenant_id: str, group: Group) -> None:
    """Delete the group's data, contact points and memberships; its version stays."""
    values = {"version": group.version, "updated_at": group.updated_at}
    await tx.execute(DELETE, {"tenant_id": tenant_id, "group_id": group.id, **values})


async def _find(connection: ReadConnection, statement: TextClause, **values: Any) -> Group | None:
    row = (await connection.execute(statement, values)).one_or_none()
    return None if row is None else _group(row)


async def _list(connection: ReadConnection, statement: TextClause, **values: Any) -> list[Group]:
    return [_group(row) for row in await connection.execute(statement, values)]


def _group(row: Any) -> Group:
    draft = GroupDraft(
        kind=GroupKind(row.kind),
        external_id=ExternalId(row.source, row.external_id),
        name=row.name,
        attributes=row.attributes,
        contact_points=tuple(
            ContactPoint(IdentifierKey(p["type"], p["scope"], p["value"]), p["raw"])
            for p in row.contact_points or ()
        ),
    )
    return Group(row.id, row.version, draft, row.member_count, row.created_at, row.updated_at)


def _values(tenant_id: str, group: Group) -> dict[str, Any]:
    points = [{**point.key._asdict(), "raw": point.raw} for point in group.draft.contact_points]
    return {
        "tenant_id": tenant_id,
        "group_id": group.id,
        "version": group.version,
        "kind": group.draft.kind.value,
        "source": group.draft.external_id.source,
        "external_id": group.draft.external_id.id,
        "name": group.draft.name,
        "attributes": dumps_text(group.draft.attributes),
        "member_count": group.member_count,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
        "points": _POINT.values(points),
    }
