"""Types of identifiers and their versions."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Row, text

from common.db import ReadConnection, Transaction
from identity.registry.domain.registered_type import (
    Category,
    Comparison,
    RegisteredType,
    Scope,
)

_NAMES = [field.name for field in fields(RegisteredType)]
_COLUMNS = ", ".join(_NAMES)
_CURRENT = f"""
    SELECT DISTINCT ON (type) {_COLUMNS} FROM identifier_type
    WHERE tenant_id = :tenant_id{{condition}}
    ORDER BY type, version DESC
"""
_LIST = text(_CURRENT.format(condition=""))
_LIST_NAMED = text(_CURRENT.format(condition=" AND type = ANY(cast(:types AS text[]))"))
_INSERT = text(
    f"""
    INSERT INTO identifier_type (tenant_id, {_COLUMNS})
    VALUES (:tenant_id, {", ".join(f":{name}" for name in _NAMES)})
    """
)
_IS_USED = text(
    """
    SELECT EXISTS (SELECT FROM identifier WHERE tenant_id = :tenant_id AND type = :type)
    """
)


async def list_types(connection: ReadConnection, tenant_id: str) -> list[RegisteredType]:
    """Return the current versions of all types of the tenant, in order."""
    rows = await connection.execute(_LIST, {"tenant_id": tenant_id})
    return [_type(row) for row in rows]


async def find_types(
    connection: ReadConnection, tenant_id: str, types: Sequence[str]
) -> dict[str, RegisteredType]:
    """Return the current versions of the types of these names that are registered."""
    rows = await connection.execute(_LIST_NAMED, {"tenant_id": tenant_id, "types": list(types)})
    return {row.type: _type(row) for row in rows}


async def insert_version(tx: Transaction, tenant_id: str, registered: RegisteredType) -> None:
    await tx.execute(_INSERT, {"tenant_id": tenant_id, **asdict(registered)})


async def find_use(tx: Transaction, tenant_id: str, kind: str) -> bool:
    """Return whether any customer has an identifier of this type."""
    values = {"tenant_id": tenant_id, "type": kind}
    return bool((await tx.execute(_IS_USED, values)).scalar_one())


def _type(row: Row[Any]) -> RegisteredType:
    members = {name: getattr(row, name) for name in _NAMES}
    return RegisteredType(
        **members
        | {
            "comparison": Comparison(row.comparison),
            "scope": Scope(row.scope),
            "category": Category(row.category),
        }
    )
