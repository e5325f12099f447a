"""The plan that a service's connection keeps for a statement, whatever the values."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.jsons import loads
from common.service import STEADY_PLANS


async def use_steady_plans(connection: AsyncConnection) -> None:
    """Have the rest of the transaction plan as the sessions of identity and interactions do."""
    for name, value in STEADY_PLANS.items():
        await connection.execute(text(f"SET LOCAL {name} = {value}"))


async def explain_kept_plan(
    connection: AsyncConnection,
    statement: TextClause,
    values: Mapping[str, Any],
    *,
    options: str = "FORMAT JSON",
) -> dict[str, Any]:
    """Return the plan of a prepared statement on a session that makes plans once.

    With ANALYZE among the ``options`` it runs with these values.
    """
    compiled = statement.compile(dialect=connection.dialect)
    names = getattr(compiled, "positiontup", None) or ()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await raw.execute(f"PREPARE explained AS {compiled}")
    try:
        given = ", ".join(_literal(values[name]) for name in names)
        execute = f"EXECUTE explained({given})" if given else "EXECUTE explained"
        found = await raw.fetchval(f"EXPLAIN ({options}) {execute}")
    finally:
        await raw.execute("DEALLOCATE explained")
    (plan,) = found if isinstance(found, list) else loads(found)
    return dict(plan["Plan"])


def _literal(value: Any) -> str:
    """Return a literal of unknown type, which becomes what the parameter is."""
    if value is None:
        return "NULL"
    escaped = _text(value).replace("'", "''")
    return f"'{escaped}'"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"{{{','.join(map(_element, value))}}}"
    return str(value)


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    escaped = _text(value).replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
