"""Looks for texts in every table of a database, as an auditor would after an erasure."""

from collections.abc import Iterable

from sqlalchemy import text

from common.db import Database, ReadConnection

_TABLES = text(
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
    " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    " AND c.relname <> 'alembic_version' ORDER BY c.relname"
)


async def tables_of(database: Database) -> list[str]:
    """Return the names of all tables, partitions apart."""

    async def names(connection: ReadConnection) -> list[str]:
        return list((await connection.execute(_TABLES)).scalars())

    return await database.read(names)


async def tables_with(database: Database, values: Iterable[str]) -> dict[str, list[str]]:
    """Return the values that each table has in some row, as text or within bytes."""
    found: dict[str, list[str]] = {}
    for table in await tables_of(database):
        rows = await database.read(_everything, table)
        for value in values:
            spellings = {value.lower(), value.encode().hex()}
            if any(spelling in rows for spelling in spellings):
                found.setdefault(table, []).append(value)
    return found


async def _everything(connection: ReadConnection, table: str) -> str:
    statement = text(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} AS t")
    return str((await connection.execute(statement)).scalar_one()).lower()
