"""The change feed: everything that was written, in order of sequence, up to a safe bound."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from common.db import ReadConnection
from common.web.requests import DescribedAs
from interactions.history import NOBODY, OPEN, ChangeType, Json, ShownInteraction, ShownRow, Value


class ShownChange(ShownRow, title="Change"):
    """One change; ``customer_id`` is the canonical customer of today."""

    sequence: int = Field(description="Place of the change in the feed; it grows, with gaps.")
    type: Annotated[str, OPEN, DescribedAs(ChangeType)] = Field(
        description="What changed: `conversation.opened`, `interaction.recorded`,"
        " `interaction.attached` or `conversation.` with `assigned`, `prioritised`, `tagged`,"
        " `waiting`, `resumed`, `resolved`, `reopened` or `closed`."
    )
    recorded_at: datetime = Field(description="When the change was stored, in UTC.")
    conversation_id: UUID | None = Field(
        description="The conversation that changed; never null at present."
    )
    customer_id: Annotated[
        UUID | None, Value(f"coalesce(a.canonical_id, nullif(o.origin_id, '{NOBODY}'))")
    ] = Field(description="Canonical customer of today; null while the customer is unknown.")
    interaction: Annotated[
        ShownInteraction | None,
        Json(
            f"CASE WHEN i.interaction_id IS NULL THEN 'null' ELSE {ShownInteraction.sql('i')} END"
        ),
    ] = Field(
        description="The interaction that caused the change, as it is now; null if no interaction"
        " caused it."
    )


# An interaction may have been announced before its customer was known, and may have moved since: it
# is where the change says, where its conversation is, or still among the unresolved.
_LIST = text(f"""
    SELECT c.sequence, {ShownChange.sql("c")} AS item
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
           AND i.origin_customer_id IN (c.customer_id, v.origin_customer_id, '{NOBODY}')
           AND i.interaction_id = c.interaction_id
         LIMIT 1) i ON true
     ORDER BY c.sequence""")


async def list_changes(
    connection: ReadConnection, *, tenant_id: str, after: int, safe: int, limit: int
) -> list[tuple[int, str]]:
    """Return (sequence, JSON) of the changes after ``after``, up to and including ``safe``."""
    values = {"tenant_id": tenant_id, "after": after, "safe": safe, "limit": limit}
    rows = await connection.execute(_LIST, values)
    return [(row.sequence, row.item) for row in rows]
