"""One conversation: read it, or change its status, priority, assignment and tags."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from common.errors import ErrorCode, FieldError, InvalidError
from common.web import (
    Caller,
    DatabaseDep,
    IfMatchDep,
    IfNoneMatchDep,
    WriterDep,
    examples,
    requires,
    tag,
)
from common.web.requests import JsonTime, Name, RequestModel, Slug, json_body
from common.web.responses import Masker, json_answer, strong_etag
from interactions.history.domain.conversation import Conversation, Status
from interactions.history.domain.edit import ConversationEdit
from interactions.history.http.examples import PATCH_CONVERSATION, READ_CONVERSATION
from interactions.history.shown import fields
from interactions.history.shown.conversation import ConversationRow
from interactions.history.shown.masks import OPEN
from interactions.history.store.conversations import get_conversation
from interactions.history.usecases.change_conversation import (
    ChangeConversation,
    change_conversation,
)

router = APIRouter(tags=[tag("conversations", "Conversations and their state.")])

ConversationId = Annotated[UUID, Path(description="Id of the conversation.")]


def _never_null(schema: dict[str, Any]) -> None:
    """Describe a field that may be absent, but not null."""
    schema |= schema.pop("anyOf")[0]
    del schema["default"]


class ConversationPatch(RequestModel):
    """Absent fields stay as they are; null clears a priority, an assignee or a team."""

    status: Status | None = Field(
        default=None,
        description="The new status: `open`, `pending`, `on_hold`, `resolved` or `closed`. A"
        " resolved conversation can become open or closed, a closed one only open; otherwise 409.",
        json_schema_extra=_never_null,
    )
    priority: Slug | None = Field(
        default=None,
        description="Priority, a code of the tenant's own such as `high`; null clears it.",
    )
    assignee: Name | None = Field(
        default=None,
        description="Person or bot to assign the conversation to, by the tenant's own id; null"
        " clears it.",
    )
    team: Name | None = Field(
        default=None, description="Team to assign the conversation to; null clears it."
    )
    tags: list[Name] | None = Field(
        default=None,
        max_length=50,
        description="All tags of the conversation from now on, in order; duplicates are dropped.",
        json_schema_extra=_never_null,
    )

    def to_edit(self) -> ConversationEdit:
        """Return the edit; raises InvalidError for a null status or null tags."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        for name in ("status", "tags"):
            if name in values and values[name] is None:
                raise InvalidError(
                    "the request body is invalid",
                    errors=[FieldError(f"/{name}", ErrorCode.WRONG_TYPE, "must not be null")],
                )
        if "tags" in values:
            values["tags"] = tuple(values["tags"])
        return ConversationEdit(**values)


class ConversationResponse(ConversationRow, title="Conversation"):
    """A conversation as it is now. Times are in UTC."""

    customer_id: Annotated[UUID | None, fields.CUSTOMER_ID]
    customer_tier: Annotated[str | None, OPEN, fields.CUSTOMER_TIER]
    resolved_at: JsonTime | None = Field(
        description="When it was resolved, or closed without that; null unless it is resolved or"
        " closed."
    )
    closed_at: JsonTime | None = Field(description="When it was closed; null unless it is closed.")
    follows_id: UUID | None = Field(
        description="The conversation that its first interaction named or replied to but could not"
        " join, because that was closed or the sender had no part in it; null if there is no such"
        " conversation."
    )


@router.get(
    "/v1/conversations/{conversation_id}",
    summary="Read a conversation",
    openapi_extra=examples(*READ_CONVERSATION),
    response_model=ConversationResponse,
)
async def read_conversation(
    conversation_id: ConversationId,
    caller: Annotated[Caller, requires("context:read", bound=True)],
    database: DatabaseDep,
    if_none_match: IfNoneMatchDep,
) -> Response:
    """Return a conversation, with the ETag for conditional changes."""
    conversation = await database.read(get_conversation, caller.tenant_id, conversation_id)
    caller.check_reach(
        conversation.customer_id, conversation.origin_customer_id, what="conversation"
    )
    etag = _etag(conversation, caller)
    current = if_none_match.not_modified(etag)
    return current or json_answer(_response(conversation, caller), etag=etag)


@router.patch(
    "/v1/conversations/{conversation_id}",
    summary="Change a conversation",
    openapi_extra=examples(*PATCH_CONVERSATION),
    responses={409: {"description": "The conversation cannot go from its status to the new one."}},
    response_model=ConversationResponse,
)
async def patch_conversation(
    conversation_id: ConversationId,
    caller: Annotated[Caller, requires("interactions:write")],
    body: Annotated[ConversationPatch, json_body(ConversationPatch)],
    if_match: IfMatchDep,
    write: WriterDep,
) -> Response:
    """Change a conversation; with ``If-Match`` only if it still has that ETag."""
    command = ChangeConversation(
        caller.tenant_id,
        conversation_id,
        body.to_edit(),
        if_match.expected(caller.sees_pii),
    )
    return await write(
        change_conversation,
        command,
        answer=lambda changed: (
            200,
            _response(changed, caller),
            {"ETag": _etag(changed, caller)},
        ),
    )


def _etag(conversation: Conversation, caller: Caller) -> str:
    return strong_etag(*conversation.etag_parts, caller.sees_pii)


def _response(conversation: Conversation, caller: Caller) -> ConversationResponse:
    values = {name: getattr(conversation, name) for name in ConversationResponse.model_fields}
    values["tags"] = list(conversation.tags)
    return ConversationResponse(**ConversationResponse.masked(values, Masker(caller.sees_pii)))
