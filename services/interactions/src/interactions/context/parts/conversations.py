"""The customer's open conversations, the latest first."""

from uuid import UUID

from pydantic import Field

from interactions.context.parts.part import ContextPart
from interactions.history import ConversationRow, json_sql

CONVERSATIONS_SHOWN = 50

OPEN_CONVERSATIONS = f"""
open_conversation AS MATERIALIZED (
    SELECT c.* FROM member m
     CROSS JOIN LATERAL (
        SELECT * FROM conversation c
         WHERE c.tenant_id = :tenant_id AND c.origin_customer_id = m.origin_id
           AND c.status NOT IN ('resolved', 'closed')
         ORDER BY c.last_activity_at DESC, c.conversation_id
         LIMIT {CONVERSATIONS_SHOWN}) c
     ORDER BY c.last_activity_at DESC, c.conversation_id
     LIMIT {CONVERSATIONS_SHOWN}
)"""


class ShownConversation(ConversationRow, title="ContextConversation"):
    """An open conversation of the customer. Times are in UTC."""

    origin_customer_id: UUID = Field(
        description="The id of the customer, merged since or not, that the conversation first had."
    )


CONVERSATIONS = ContextPart(
    name="conversations",
    shape=list[ShownConversation],
    description="The conversations that are neither resolved nor closed, the latest activity first,"
    f" at most {CONVERSATIONS_SHOWN}.",
    empty="[]",
    mask=ShownConversation.all_masked,
    tables=(OPEN_CONVERSATIONS,),
    sql=json_sql.json_array(
        ShownConversation.sql("c"),
        order="c.last_activity_at DESC, c.conversation_id",
        rows="open_conversation c",
    ),
)
