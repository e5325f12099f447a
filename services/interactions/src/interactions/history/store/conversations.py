"""Conversations: read, locked, saved."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.errors import NotFoundError
from common.runtime import in_turns
from interactions.history.domain.conversation import Conversation
from interactions.history.store.conversation_rows import CONVERSATION, from_row, to_row

_GET = f"""
    SELECT coalesce(a.canonical_id, c.origin_customer_id) AS customer_id, {CONVERSATION.of("c")}
    FROM conversation c
    LEFT JOIN customer_alias a
        ON a.tenant_id = c.tenant_id AND a.origin_id = c.origin_customer_id
    WHERE c.tenant_id = :tenant_id AND c.conversation_id = ANY (cast(:ids AS uuid[]))
    ORDER BY c.conversation_id
"""
_SAVE = text(
    CONVERSATION.upsert(
        "conversation",
        "conversations",
        key=("tenant_id", "conversation_id"),
        shared=("tenant_id",),
    )
)


async def lock_conversations(
    tx: Transaction, tenant_id: str, ids: Sequence[UUID]
) -> dict[UUID, Conversation]:
    """Return and lock the conversations that exist, in one order."""
    result = await tx.execute(
        text(f"{_GET} FOR UPDATE OF c"), {"tenant_id": tenant_id, "ids": list(ids)}
    )
    return {row.conversation_id: from_row(row) for row in result}


async def get_conversation(
    connection: ReadConnection, tenant_id: str, conversation_id: UUID
) -> Conversation:
    """Return a conversation; raises NotFoundError."""
    result = await connection.execute(
        text(_GET), {"tenant_id": tenant_id, "ids": [conversation_id]}
    )
    row = result.one_or_none()
    if row is None:
        raise NotFoundError("there is no such conversation")
    return from_row(row)


async def save_conversations(
    tx: Transaction, tenant_id: str, conversations: Sequence[Conversation]
) -> None:
    """Insert the new ones and overwrite the others, which the caller has locked."""
    if not conversations:
        return
    rows = [to_row(conversation) async for conversation in in_turns(conversations)]
    await tx.execute(_SAVE, {"tenant_id": tenant_id, "conversations": CONVERSATION.values(rows)})
