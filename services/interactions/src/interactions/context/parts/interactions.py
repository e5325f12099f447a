"""The customer's newest interactions, on whatever channel."""

from interactions.context.parts.part import ContextPart
from interactions.history import ShortenedInteraction, json_sql

INTERACTIONS_SHOWN = 20

_RECENT = f"""
recent AS MATERIALIZED (
    SELECT i.* FROM member m
     CROSS JOIN LATERAL (
        SELECT * FROM interaction i
         WHERE i.tenant_id = :tenant_id AND i.origin_customer_id = m.origin_id {{visible}}
         ORDER BY i.occurred_at DESC, i.sequence DESC
         LIMIT {INTERACTIONS_SHOWN}) i
     ORDER BY i.occurred_at DESC, i.sequence DESC
     LIMIT {INTERACTIONS_SHOWN}
)"""

INTERACTIONS = ContextPart(
    name="interactions",
    shape=list[ShortenedInteraction],
    description=f"The newest {INTERACTIONS_SHOWN} interactions, on any channel, newest first.",
    empty="[]",
    mask=ShortenedInteraction.all_masked,
    tables=(_RECENT,),
    sql=json_sql.json_array(
        ShortenedInteraction.sql("i"),
        order="i.occurred_at DESC, i.sequence DESC",
        rows="recent i",
    ),
)
