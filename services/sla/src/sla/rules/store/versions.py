"""Documents kept in versions, each in force from one revision of the rules until another."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from sqlalchemy import TextClause, text

from common.db import ReadConnection, Transaction
from common.jsons import dumps_text

_IN_FORCE = "from_revision <= :revision AND (to_revision IS NULL OR to_revision > :revision)"
_CURRENT = "to_revision IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a document; its fields are columns, and ``body`` has all other members."""

    version: int = 1
    name: str
    body: Mapping[str, Any]
    created_at: datetime

    def members(self) -> dict[str, Any]:
        """Return all members of the document, and what identifies this version."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**columns.pop("body"), **columns}

    def following(self, current: Self | None) -> Self:
        """Return this draft as the version after ``current``, or ``current`` if they are alike."""
        if current is None:
            return self
        if replace(self, version=current.version, created_at=current.created_at) == current:
            return current
        return replace(self, version=current.version + 1)


V = TypeVar("V", bound=Version)


class VersionTable(Generic[V]):
    """The table with the versions of all documents of one kind; ``key`` identifies a document.

    Only versions in force for which ``counting``, a condition in SQL, holds take part in the rules.
    """

    def __init__(
        self, table: str, version: type[V], *, key: str, order_by: str, counting: str = "true"
    ) -> None:
        names = [field.name for field in fields(version)]
        bound = ["cast(:body AS jsonb)" if name == "body" else f":{name}" for name in names]
        columns = ", ".join(names)
        every = f"SELECT {columns} FROM {table} WHERE tenant_id = :tenant"
        self._version = version
        self._key = key
        self.current = f"{every} AND {_CURRENT}"
        """The SELECT of a tenant's current versions, to which a condition can be added."""
        self._in_force = text(f"{every} AND {_IN_FORCE} AND {counting} ORDER BY {order_by}")
        self._page = text(
            f"{self.current} AND {order_by} > :after ORDER BY {order_by} LIMIT :limit"
        )
        self._by_id = text(f"{self.current} AND {key} = :id")
        self._by_version = text(f"{every} AND {key} = :id AND version = :version")
        self._end_current = text(
            f"""
            UPDATE {table} SET to_revision = :revision
            WHERE tenant_id = :tenant AND {key} = :id AND {_CURRENT}
            """
        )
        self._insert = text(
            f"""
            INSERT INTO {table} (tenant_id, from_revision, {columns})
            VALUES (:tenant, :revision, {", ".join(bound)})
            """
        )

    async def list_in_force(self, tx: Transaction, tenant_id: str, revision: int) -> list[V]:
        """Return the versions that take part in a revision of the rules, in order."""
        return await self.list_by(tx, self._in_force, tenant=tenant_id, revision=revision)

    async def list_current(
        self, connection: ReadConnection, tenant_id: str, *, after: str | int, limit: int
    ) -> list[V]:
        """Return a page of the current versions, in order."""
        values = {"tenant": tenant_id, "after": after, "limit": limit}
        return await self.list_by(connection, self._page, **values)

    async def find_current(
        self, connection: ReadConnection, tenant_id: str, document_id: str | UUID
    ) -> V | None:
        return await self.find_by(connection, self._by_id, tenant=tenant_id, id=document_id)

    async def find_version(
        self, connection: ReadConnection, tenant_id: str, document_id: str | UUID, version: int
    ) -> V | None:
        return await self.find_by(
            connection, self._by_version, tenant=tenant_id, id=document_id, version=version
        )

    async def save_version(
        self, tx: Transaction, tenant_id: str, version: V, revision: int
    ) -> None:
        """Replace the current version, if any, as of a revision that the caller has taken."""
        columns = {field.name: getattr(version, field.name) for field in fields(version)}
        values = {"tenant": tenant_id, "revision": revision}
        await tx.execute(self._end_current, {**values, "id": columns[self._key]})
        await tx.execute(self._insert, {**values, **columns, "body": dumps_text(version.body)})

    async def list_by(
        self, connection: ReadConnection, statement: TextClause, **values: Any
    ) -> list[V]:
        """Return the versions that a statement made of ``current`` selects."""
        rows = (await connection.execute(statement, values)).mappings()
        return [self._version(**row) for row in rows]

    async def find_by(
        self, connection: ReadConnection, statement: TextClause, **values: Any
    ) -> V | None:
        """Return the only version that a statement made of ``current`` selects, or None."""
        row = (await connection.execute(statement, values)).mappings().one_or_none()
        return None if row is None else self._version(**row)
