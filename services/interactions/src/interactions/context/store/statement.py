"""The statement behind a context, composed of the wanted parts.

The cluster of a customer is every id whose alias is the same canonical id. Each of its ids is read
separately, newest first and no more rows than are shown, then the few are merged: the cost depends
on what is shown and on the number of merged ids, not on the length of the history.
"""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import TextClause, text

from identifiers import NORMALISER_VERSION
from interactions.context.parts import PARTS, ContextPart
from interactions.context.store.cluster import CLUSTER, KNOWN, TARGET_BY_ID, target_of
from interactions.history import NOBODY, json_sql

_TARGET = {
    "id": TARGET_BY_ID,
    "identifier": f"""
        SELECT coalesce(a.canonical_id, k.customer_id) AS id
          FROM known_identifier k
          LEFT JOIN customer_alias a
            ON a.tenant_id = k.tenant_id AND a.origin_id = k.customer_id
         WHERE k.tenant_id = :tenant_id AND k.type = :type AND k.scope = :scope
           AND k.lookup_key = :lookup_key AND k.normaliser_version = {NORMALISER_VERSION}
           AND k.customer_id <> '{NOBODY}'""",
}

_PROFILE = """
profile AS MATERIALIZED (
    SELECT p.* FROM target t
     CROSS JOIN LATERAL (
        SELECT * FROM customer_profile
         WHERE tenant_id = :tenant_id AND customer_id = t.id
         LIMIT 1) p
)"""

_PROGRESS = f"""
progress AS MATERIALIZED (
    SELECT consumer, {json_sql.iso("min(watermark)")} AS as_of,
           CASE WHEN bool_and(watermark IS NOT NULL)
                THEN extract(epoch FROM clock_timestamp() - min(watermark))::float8 END AS behind
      FROM consumer_progress
     WHERE consumer IN (:customers, :clocks)
     GROUP BY consumer
)"""

_ABOUT = f"""
    t.id AS customer_id,
    (SELECT array_agg(m.origin_id) FROM member m) AS member_ids,
    EXISTS (SELECT FROM profile) AS has_profile,
    {KNOWN} AS known,
    {json_sql.iso("statement_timestamp()")} AS as_of,
    (SELECT p.as_of FROM progress p WHERE p.consumer = :customers) AS customers_as_of,
    (SELECT p.behind FROM progress p WHERE p.consumer = :customers) AS customers_behind,
    (SELECT p.as_of FROM progress p WHERE p.consumer = :clocks) AS clocks_as_of,
    (SELECT p.behind FROM progress p WHERE p.consumer = :clocks) AS clocks_behind"""


@lru_cache(maxsize=256)
def context_statement(by: str, names: tuple[str, ...], *, bound: bool = False) -> TextClause:
    """Return the statement for these parts; ``by`` is ``id`` or ``identifier``.

    A ``bound`` caller finds only its customer, and nothing private.
    Its row has a column for each part that is fed, and ``<part>_cut`` where a part may be cut.
    """
    parts = [PARTS[name] for name in names]
    tables = [
        f"target AS MATERIALIZED ({target_of(_TARGET[by], bound=bound)})",
        CLUSTER,
        _PROFILE,
        _PROGRESS,
        *_tables_of(parts, bound=bound),
    ]
    columns = [
        _ABOUT,
        *(f"{part.sql} AS {part.name}" for part in parts if part.sql),
        *(f"{part.cut} AS {part.name}_cut" for part in parts if part.cut),
    ]
    return text(f"WITH {', '.join(tables)} SELECT {', '.join(columns)} FROM target t")


def _tables_of(parts: Sequence[ContextPart], *, bound: bool) -> list[str]:
    """Return the tables that the parts read, each once."""
    visible = "AND NOT i.private" if bound else ""
    for_agents = "AND false" if bound else ""
    tables = dict.fromkeys(table for part in parts for table in part.tables)
    return [
        table.replace("{visible}", visible).replace("{for_agents}", for_agents) for table in tables
    ]
