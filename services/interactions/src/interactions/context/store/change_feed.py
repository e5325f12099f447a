"""The change feed: what was written, in the order of its sequence, up to a bound that is safe."""

from sqlalchemy import text

from common.db import ReadConnection
from interactions.context.store.fragments import NIL, interaction_json, iso, json_object

_ITEM = json_object(
    {
        "sequence": "c.sequence",
        "type": "to_json(c.type)",
        "recorded_at": f"""'"', {iso("c.recorded_at")}, '"'""",
        "conversation_id": """coalesce('"' || c.conversation_id || '"', 'null')""",
        "customer_id": f"""coalesce('"' || coalesce(
            a.canonical_id, nullif(o.origin_id, '{NIL}')) || '"', 'null')""",
        "interaction": f"""CASE WHEN i.interaction_id IS NULL THEN 'null'
            ELSE {interaction_json("i")} END""",
    }
)

# An interaction may have been told before its customer was known, and have moved since: it is
# where the change says, where its conversation is, or still among the unresolved.
_LIST = text(f"""
    SELECT c.sequence, {_ITEM} AS item
      FROM (SELECT * FROM change
             WHERE tenant_id = :tenant_id AND sequence > :after AND sequence <= :safe
             ORDER BY sequence LIMIT :limit) c
      LEFT JOIN conversation v
        ON v.tenant_id = c.tenant_id AND v.conversation_id = c.conversation_id
     CROSS JOIN LATERAL (
        SELECT coalesce(c.customer_id, v.origin_customer_id) AS origin_id) o
      LEFT JOIN customer_alias a ON a.tenant_id = c.tenant_id AND a.origin_id = o.origin_id
      LEFT JOIN LATERAL (
        SELECT * FROM interaction i
         WHERE i.tenant_id = c.tenant_id
           AND i.origin_customer_id IN (c.customer_id, v.origin_customer_id, '{NIL}')
           AND i.interaction_id = c.interaction_id
         LIMIT 1) i ON true
     ORDER BY c.sequence""")


async def list_changes(
    connection: ReadConnection, *, tenant_id: str, after: int, safe: int, limit: int
) -> list[tuple[int, str]]:
    """Return (sequence, JSON) of the changes after ``after``; nothing beyond ``safe``."""
    values = {"tenant_id": tenant_id, "after": after, "safe": safe, "limit": limit}
    rows = await connection.execute(_LIST, values)
    return [(row.sequence, row.item) for row in rows]
