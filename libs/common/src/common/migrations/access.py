"""What the role that a service runs as may do: its rights on tables, and days by function.

The owner of the tables migrates. The runtime role reads and writes rows; it owns nothing, so it can
neither change the schema nor empty a table. Partitions come and go while the service runs: for them
alone there are two functions that run as the owner, on tables that are listed in their bodies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

_APPEND_ONLY = ("inbox",)
_DELETES_FROM = ("idempotency",)

_TABLES = text(
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
    " AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'"
)

# The search path is fixed, so that no table or operator of the caller's takes the place of ours.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}(parent text, day date) RETURNS void
LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    partition text := parent || to_char(day, '"_"YYYYMMDD');
    first_moment text := to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00';
    end_moment text := to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00';
    key text;
BEGIN
    IF parent <> ALL (ARRAY[{tables}]) OR day NOT BETWEEN '2000-01-01' AND '2999-12-31' THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('%s has no day %s that {name}() may change', parent, day);
    END IF;
{body}
END
$function$
"""

# A row that arrived in the default partition after the move would make the attachment fail.
_CREATE_DAY = """
    SELECT a.attname INTO STRICT key FROM pg_partitioned_table p JOIN pg_attribute a
        ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = format('public.%I', parent)::regclass;
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', partition, parent);
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *)'
        ' INSERT INTO public.%I SELECT * FROM moved',
        parent || '_default', key, first_moment, key, end_moment, partition);
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        parent, partition, first_moment, end_moment);
"""

_DROP_DAY = """
    IF NOT EXISTS (
        SELECT FROM pg_inherits WHERE inhparent = format('public.%I', parent)::regclass
            AND inhrelid = to_regclass(format('public.%I', partition)))
    THEN
        RAISE undefined_table USING MESSAGE = format('%s has no partition for %s', parent, day);
    END IF;
    EXECUTE format('DROP TABLE public.%I', partition);
"""

_FUNCTIONS = {"create_day": _CREATE_DAY, "drop_day": _DROP_DAY}


@dataclass(frozen=True, slots=True)
class Access:
    """The tables of a service that the runtime role may do more or less with than with others.

    It reads, adds and changes the rows of a table. It only reads and adds those of ``append_only``,
    and deletes only from ``deletes_from``.
    """

    append_only: Sequence[str] = ()
    deletes_from: Sequence[str] = ()

    def rights(self, table: str) -> str:
        """Return the privileges on ``table``, as GRANT names them."""
        if table in {*_APPEND_ONLY, *self.append_only}:
            return "SELECT, INSERT"
        if table in {*_DELETES_FROM, *self.deletes_from}:
            return "SELECT, INSERT, UPDATE, DELETE"
        return "SELECT, INSERT, UPDATE"


def create_functions(connection: Connection, daily_tables: Sequence[str]) -> None:
    """Create the functions with which days of ``daily_tables``, and of no others, come and go."""
    tables = ", ".join(f"'{table}'" for table in daily_tables)
    for name, body in _FUNCTIONS.items():
        connection.exec_driver_sql(
            _FUNCTION.replace("{name}", name).replace("{tables}", tables).replace("{body}", body)
        )
        connection.execute(text(f"REVOKE ALL ON FUNCTION {name}(text, date) FROM PUBLIC"))


def grant(connection: Connection, role: str, access: Access) -> None:
    """Give ``role`` exactly the rights of ``access`` on the tables that exist now."""
    grantee = connection.dialect.identifier_preparer.quote_identifier(role)
    by_rights: dict[str, list[str]] = {}
    for table in sorted(connection.execute(_TABLES).scalars()):
        by_rights.setdefault(access.rights(table), []).append(f"public.{table}")
    statements = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {grantee}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {grantee}",
        *(f"GRANT EXECUTE ON FUNCTION {name}(text, date) TO {grantee}" for name in _FUNCTIONS),
    ]
    for rights, tables in by_rights.items():
        statements.append(f"REVOKE ALL ON {', '.join(tables)} FROM {grantee}")
        statements.append(f"GRANT {rights} ON {', '.join(tables)} TO {grantee}")
    for statement in statements:
        connection.exec_driver_sql(statement)
