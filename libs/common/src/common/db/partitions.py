"""Tables partitioned by day: creates the coming days and drops the past ones.

A day is attached rather than created in place: ordinary reads and writes do not wait for the lock
that ATTACH takes, and rows that went to the default partition can be moved first.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

DAYS_AHEAD = 7


def ensure_days(connection: Connection, tables: Sequence[str], *, today: date) -> None:
    """Create the missing partitions of ``today`` and the coming week.

    Concurrent calls, such as a migration and the housekeeping, wait for each other.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('threadline.days'))"))
    for table in tables:
        column = _partition_column(connection, table)
        present = set(_days(connection, table))
        for ahead in range(DAYS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            if day not in present:
                _attach(connection, table, column, day)


def drop_days(
    connection: Connection, table: str, *, before: date, unless: str = "false"
) -> list[date]:
    """Drop the days older than ``before`` in which no row meets the condition ``unless``."""
    dropped = []
    for day in sorted(_days(connection, table)):
        if day >= before:
            continue
        name = _name(table, day)
        kept = connection.execute(text(f"SELECT EXISTS (SELECT FROM {name} WHERE {unless})"))
        if not kept.scalar_one():
            connection.execute(text(f"DROP TABLE {name}"))
            dropped.append(day)
    return dropped


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


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


def _attach(connection: Connection, table: str, column: str, day: date) -> None:
    name, end = _name(table, day), day + timedelta(days=1)
    bounds = f"'{day} 00:00:00+00' AND {column} < '{end} 00:00:00+00'"
    # A row that arrived there after the move would make the attachment fail.
    connection.execute(text(f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE"))
    connection.execute(text(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"))
    connection.execute(
        text(
            f"WITH moved AS (DELETE FROM {table}_default WHERE {column} >= {bounds} RETURNING *)"
            f" INSERT INTO {name} SELECT * FROM moved"
        )
    )
    connection.execute(
        text(
            f"ALTER TABLE {table} ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{day} 00:00:00+00') TO ('{end} 00:00:00+00')"
        )
    )
