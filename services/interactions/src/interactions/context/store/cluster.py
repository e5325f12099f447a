"""SQL shared by contexts and timelines: which ids make up one customer."""

from interactions.history import NOBODY

# OFFSET 0 keeps this a look-up by index, also while the table is young: a join might read all of
# the tenant's aliases.
CLUSTER = f"""
member AS MATERIALIZED (
    SELECT t.id AS origin_id FROM target t
    UNION
    SELECT a.origin_id FROM target t
     CROSS JOIN LATERAL (
        SELECT origin_id FROM customer_alias
         WHERE tenant_id = :tenant_id AND canonical_id = t.id
        OFFSET 0) a
     WHERE a.origin_id <> '{NOBODY}'
)"""
"""Every id of the customer in the CTE ``target``: all that resolve to the same canonical id."""

TARGET_BY_ID = f"""
    SELECT coalesce(
        (SELECT a.canonical_id FROM customer_alias a
          WHERE a.tenant_id = :tenant_id AND a.origin_id = cast(:customer_id AS uuid)),
        cast(:customer_id AS uuid)) AS id
    WHERE cast(:customer_id AS uuid) <> '{NOBODY}'"""


def target_of(sql: str, *, bound: bool) -> str:
    """Return the query of the customer, for a ``bound`` caller only the one it is bound to.

    Anybody else's customer is then not found at all, and takes as long as one that never existed.
    """
    if not bound:
        return sql
    return f"""
    SELECT t.id FROM ({sql}) t
     WHERE t.id = coalesce(
        (SELECT a.canonical_id FROM customer_alias a
          WHERE a.tenant_id = :tenant_id AND a.origin_id = cast(:bound_to AS uuid)),
        cast(:bound_to AS uuid))"""


KNOWN = """(
    EXISTS (SELECT FROM customer_profile p
             WHERE p.tenant_id = :tenant_id AND p.customer_id = t.id)
    OR EXISTS (SELECT FROM customer_alias a
                WHERE a.tenant_id = :tenant_id AND a.origin_id = t.id)
    OR EXISTS (SELECT FROM conversation c
                WHERE c.tenant_id = :tenant_id AND c.origin_customer_id = t.id))"""
"""Whether this tenant has ever had a customer ``t.id``."""
