"""Tables partitioned by day: creates the coming days and drops the past ones.

A day is attached rather than created in place: ordinary reads and writes do not wait for the lock
that ATTACH takes, and rows that went to the default partition can be moved first. The caller need
not own the tables: ``create_day`` and ``drop_day`` in the database do that, for the owner.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

DAYS_AHEAD = 7

_CREATE_DAY = text("SELECT create_day(:parent, :day)")
_DROP_DAY = text("SELECT drop_day(:parent, :day)")


def ensure_days(connection: Connection, tables: Sequence[str], *, today: date) -> None:
    """Create the missing partitions of ``today`` and the coming week.

    Concurrent calls, such as a migration and the housekeeping, wait for each other.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('threadline.days'))"))
    for table in tables:
        present = set(_days(connection, table))
        for ahead in range(DAYS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            if day not in present:
                connection.execute(_CREATE_DAY, {"parent": table, "day": day})


def drop_days(
    connection: Connection, table: str, *, before: date, unless: str = "false"
) -> list[date]:
    """Drop the days older than ``before`` in which no row meets the condition ``unless``."""
    dropped = []
    column = _partition_column(connection, table)
    for day in sorted(_days(connection, table)):
        if day >= before:
            continue
        bounds = f"'{day} 00:00:00+00' AND {column} < '{day + timedelta(days=1)} 00:00:00+00'"
        kept = connection.execute(
            text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} >= {bounds} AND ({unless}))")
        )
        if not kept.scalar_one():
            connection.execute(_DROP_DAY, {"parent": table, "day": day})
            dropped.append(day)
    return dropped


def _days(connection: Connection, table: str) -> list[date]:
    rows = connection.execute(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = cast(:parent AS regclass)"
        ),
        {"parent": table},
    )
    suffixes = [str(name).rpartition("_")[2] for name in rows.scalars()]
    return [datetime.strptime(s, "%Y%m%d").date() for s in suffixes if s.isdigit()]  # noqa: DTZ007 - a date has no zone


def _partition_column(connection: Connection, table: str) -> str:
    column = connection.execute(
        text(
            "SELECT a.attname FROM pg_partitioned_table p JOIN pg_attribute a"
            " ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]"
            " WHERE p.partrelid = cast(:parent AS regclass)"
        ),
        {"parent": table},
    )
    return str(column.scalar_one())
