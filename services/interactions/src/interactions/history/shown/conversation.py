"""A conversation as it is shown, whole or inside a context."""

from typing import Annotated
from uuid import UUID

from common.web.requests import JsonTime
from interactions.history.shown.masks import OPEN, TEXT
from interactions.history.shown.row import ShownRow


class ConversationRow(ShownRow):
    """What every view of a conversation shows."""

    conversation_id: UUID
    origin_customer_id: UUID | None
    channel: Annotated[str, OPEN]
    status: Annotated[str, OPEN]
    channel_account: Annotated[str | None, OPEN]
    priority: Annotated[str | None, OPEN]
    team: Annotated[str | None, OPEN]
    assignee: Annotated[str | None, OPEN]
    language: Annotated[str | None, OPEN]
    brand: Annotated[str | None, OPEN]
    subject: Annotated[str | None, TEXT]
    tags: Annotated[list[str], OPEN]
    version: int
    interaction_count: int
    reopen_count: int
    opened_at: JsonTime
    last_activity_at: JsonTime
    last_inbound_at: JsonTime | None
    last_outbound_at: JsonTime | None
    waiting_since: JsonTime | None
    first_response_at: JsonTime | None
