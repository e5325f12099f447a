"""Examples of recording interactions and changing conversations, for the API's document."""

from typing import Any

from common.story import (
    ANNA,
    ANSWER,
    CALL_BACK,
    CALL_BACK_CONVERSATION,
    CONVERSATION,
    FOLLOW_UP,
    NOTE,
    QUESTION,
    SEQUENCE,
)
from common.web import Example

_QUESTION: dict[str, Any] = {
    "channel": "chat",
    "direction": "inbound",
    "author": {"type": "customer", "name": "Anna Lindqvist"},
    "identifiers": [{"type": "email", "value": "Anna.Lindqvist@Nordlys.se", "level": "verified"}],
    "occurred_at": "2026-11-23T09:30:00Z",
    "text": "Where is my order 118?",
    "locale": "en-SE",
    "provider": {"name": "webchat", "account": "shop", "message_id": "chat-118-1"},
    "conversation": {
        "priority": "high",
        "team": "deliveries",
        "tags": ["delivery"],
        "brand": "acme",
        "language": "en",
        "customer_tier": "gold",
    },
}
_RECORDED: dict[str, Any] = {
    "interaction_id": QUESTION,
    "customer_id": ANNA,
    "conversation_id": CONVERSATION,
    "sequence": SEQUENCE,
    "duplicate": False,
}
_ANSWER: dict[str, Any] = {
    "channel": "chat",
    "direction": "outbound",
    "author": {"type": "agent", "id": "agent-17"},
    "conversation_id": CONVERSATION,
    "occurred_at": "2026-11-23T10:20:00Z",
    "text": "It arrives tomorrow.",
}

_SHOWN: dict[str, Any] = {
    "conversation_id": CONVERSATION,
    "origin_customer_id": ANNA,
    "channel": "chat",
    "status": "new",
    "channel_account": "shop",
    "priority": "high",
    "team": "deliveries",
    "assignee": None,
    "language": "en",
    "brand": "acme",
    "subject": None,
    "tags": ["delivery"],
    "version": 2,
    "interaction_count": 1,
    "reopen_count": 0,
    "opened_at": "2026-11-23T09:30:00.000000Z",
    "last_activity_at": "2026-11-23T09:30:00.000000Z",
    "last_inbound_at": "2026-11-23T09:30:00.000000Z",
    "last_outbound_at": None,
    "waiting_since": "2026-11-23T09:30:00.000000Z",
    "first_response_at": None,
    "customer_id": ANNA,
    "customer_tier": "gold",
    "resolved_at": None,
    "closed_at": None,
    "follows_id": None,
}
_ASSIGNED = _SHOWN | {"assignee": "agent-17", "version": 3}
_URGENT = _ASSIGNED | {"priority": "urgent", "tags": ["delivery", "refund"], "version": 5}
_ANSWERED = _URGENT | {
    "status": "open",
    "interaction_count": 3,
    "last_activity_at": "2026-11-23T10:21:00.000000Z",
    "last_outbound_at": "2026-11-23T10:20:00.000000Z",
    "waiting_since": None,
    "first_response_at": "2026-11-23T10:20:00.000000Z",
    "version": 7,
}
_PENDING = _ANSWERED | {"status": "pending", "version": 8}
_RESOLVED = _ANSWERED | {
    "status": "resolved",
    "priority": None,
    "version": 12,
    "interaction_count": 4,
    "last_activity_at": "2026-11-23T11:05:00.000000Z",
    "last_inbound_at": "2026-11-23T11:05:00.000000Z",
    "waiting_since": "2026-11-23T11:05:00.000000Z",
    "resolved_at": "2026-11-23T11:30:00.000000Z",
}
_REOPENED = _RESOLVED | {
    "status": "open",
    "version": 13,
    "reopen_count": 1,
    "resolved_at": None,
}
_CLOSED = _REOPENED | {
    "status": "closed",
    "version": 14,
    "resolved_at": "2026-11-23T12:30:00.000000Z",
    "closed_at": "2026-11-23T12:30:00.000000Z",
}

RECORD = (
    Example(
        name="message",
        summary="A customer's message in a chat",
        body=_QUESTION,
        status=201,
        answer=_RECORDED,
    ),
    Example(
        name="repeated",
        summary="The provider sends the same message again",
        body=_QUESTION,
        answer=_RECORDED | {"duplicate": True},
    ),
    Example(
        name="follow_up",
        summary="The customer writes again, in a conversation that the caller knows",
        body={
            "channel": "chat",
            "direction": "inbound",
            "author": {"type": "customer", "name": "Anna Lindqvist"},
            "conversation_id": CONVERSATION,
            "occurred_at": "2026-11-23T11:05:00Z",
            "text": "It is broken. Can I have my money back?",
        },
        status=201,
        answer=_RECORDED | {"interaction_id": FOLLOW_UP, "sequence": SEQUENCE + 11},
    ),
    Example(
        name="unresolved",
        summary="Identity is away: the customer is attached later",
        body={
            "channel": "chat",
            "direction": "inbound",
            "author": {"type": "customer"},
            "identifiers": [
                {
                    "type": "external_id",
                    "value": "C-20417",
                    "scope": "webshop",
                    "level": "verified",
                }
            ],
            "text": "Please call me.",
        },
        status=202,
        answer={
            "interaction_id": CALL_BACK,
            "customer_id": None,
            "conversation_id": CALL_BACK_CONVERSATION,
            "sequence": SEQUENCE + 13,
            "duplicate": False,
        },
    ),
)
RECORD_BATCH = (
    Example(
        name="answer_and_note",
        summary="An agent's answer, and a note that the customer does not see",
        body={
            "items": [
                _ANSWER,
                _ANSWER
                | {
                    "kind": "note",
                    "direction": "internal",
                    "occurred_at": "2026-11-23T10:21:00Z",
                    "text": "Parcel 118 was late.",
                },
            ]
        },
        answer={
            "items": [
                _RECORDED | {"interaction_id": ANSWER, "sequence": SEQUENCE + 5},
                _RECORDED | {"interaction_id": NOTE, "sequence": SEQUENCE + 6},
            ]
        },
    ),
    Example(
        name="repeated",
        summary="A message that was recorded before",
        body={"items": [_QUESTION]},
        answer={"items": [_RECORDED | {"duplicate": True}]},
    ),
)
PATCH_CONVERSATION = (
    Example(
        name="assign",
        summary="Assign it to an agent, if nobody changed it",
        path={"conversation_id": CONVERSATION},
        headers={"If-Match": '"5f2d1c0b9a8e7f6d"'},
        body={"assignee": "agent-17", "team": "deliveries"},
        answer=_ASSIGNED,
    ),
    Example(
        name="escalate",
        summary="Raise its priority, and add a tag",
        path={"conversation_id": CONVERSATION},
        body={"priority": "urgent", "tags": ["delivery", "refund"]},
        answer=_URGENT,
    ),
    Example(
        name="wait",
        summary="Wait for the customer",
        path={"conversation_id": CONVERSATION},
        body={"status": "pending"},
        answer=_PENDING,
    ),
    Example(
        name="resolve",
        summary="Resolve it and clear its priority",
        path={"conversation_id": CONVERSATION},
        body={"status": "resolved", "priority": None},
        answer=_RESOLVED,
    ),
    Example(
        name="reopen",
        summary="Open it again",
        path={"conversation_id": CONVERSATION},
        body={"status": "open"},
        answer=_REOPENED,
    ),
    Example(
        name="close",
        summary="Close it",
        path={"conversation_id": CONVERSATION},
        body={"status": "closed"},
        answer=_CLOSED,
    ),
)
READ_CONVERSATION = (
    Example(
        name="waiting",
        summary="A customer waits for an answer",
        path={"conversation_id": CONVERSATION},
        answer=_SHOWN,
    ),
    Example(
        name="resolved",
        summary="The same conversation, resolved",
        path={"conversation_id": CONVERSATION},
        answer=_RESOLVED,
    ),
)
