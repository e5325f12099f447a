"""Examples of recording interactions and changing conversations, for the API's document."""

from typing import Any

from common.web import Example

_ANNA = "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21"
_CONVERSATION = "0199f3a2-6b10-7a52-9c3d-1e2f3a4b5c6d"
_CHAT: dict[str, Any] = {
    "channel": "chat",
    "direction": "inbound",
    "author": {"type": "customer", "name": "Anna Lindqvist"},
    "identifiers": [{"type": "email", "value": "Anna.Lindqvist@Nordlys.se", "level": "verified"}],
    "occurred_at": "2026-11-23T09:00:00Z",
    "text": "Where is my order 118?",
    "provider": {"name": "webchat", "account": "shop", "message_id": "chat-118-1"},
    "conversation": {"priority": "high", "team": "deliveries", "tags": ["delivery"]},
}
_RECORDED: dict[str, Any] = {
    "interaction_id": "0199f3a2-6b15-7b52-8e0e-6d2f6f3b9c01",
    "customer_id": _ANNA,
    "conversation_id": _CONVERSATION,
    "sequence": 4711,
    "duplicate": False,
}
_ANSWER: dict[str, Any] = {
    "channel": "chat",
    "direction": "outbound",
    "author": {"type": "agent", "id": "agent-17"},
    "conversation_id": _CONVERSATION,
    "text": "It arrives tomorrow.",
}

_SHOWN: dict[str, Any] = {
    "conversation_id": _CONVERSATION,
    "origin_customer_id": _ANNA,
    "channel": "chat",
    "status": "open",
    "channel_account": "shop",
    "priority": "high",
    "team": "deliveries",
    "assignee": None,
    "language": None,
    "brand": None,
    "subject": None,
    "tags": ["delivery"],
    "version": 1,
    "interaction_count": 1,
    "reopen_count": 0,
    "opened_at": "2026-11-23T09:00:00.000000Z",
    "last_activity_at": "2026-11-23T09:00:00.000000Z",
    "last_inbound_at": "2026-11-23T09:00:00.000000Z",
    "last_outbound_at": None,
    "waiting_since": "2026-11-23T09:00:00.000000Z",
    "first_response_at": None,
    "customer_id": _ANNA,
    "customer_tier": None,
    "resolved_at": None,
    "closed_at": None,
    "follows_id": None,
}
_ASSIGNED = _SHOWN | {"assignee": "agent-17", "version": 2}
_RESOLVED = _ASSIGNED | {
    "status": "resolved",
    "priority": None,
    "version": 4,
    "resolved_at": "2026-11-23T09:45:00.000000Z",
}

RECORD = (
    Example(
        name="message",
        summary="A customer's message in a chat",
        body=_CHAT,
        status=201,
        answer=_RECORDED,
    ),
    Example(
        name="repeated",
        summary="The provider sends the same message again",
        body=_CHAT,
        answer=_RECORDED | {"duplicate": True},
    ),
    Example(
        name="unresolved",
        summary="Identity is away: the customer is attached later",
        body={
            "channel": "sms",
            "direction": "inbound",
            "author": {"type": "customer"},
            "identifiers": [
                {"type": "phone", "value": "+46 70 174 06 05", "level": "channel_proved"}
            ],
            "text": "Please call me.",
        },
        status=202,
        answer={
            "interaction_id": "0199f3a4-0b15-7b52-8e0e-6d2f6f3b9c02",
            "customer_id": None,
            "conversation_id": "0199f3a4-0b10-7a52-9c3d-1e2f3a4b5c6e",
            "sequence": 4715,
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
                _ANSWER | {"kind": "note", "direction": "internal", "text": "Parcel 118 was late."},
            ]
        },
        answer={
            "items": [
                _RECORDED
                | {"interaction_id": "0199f3a3-7b15-7b52-8e0e-6d2f6f3b9c03", "sequence": 4718},
                _RECORDED
                | {"interaction_id": "0199f3a3-7b15-7b52-8e0e-6d2f6f3b9c04", "sequence": 4719},
            ]
        },
    ),
    Example(
        name="repeated",
        summary="A message that was recorded before",
        body={"items": [_CHAT]},
        answer={"items": [_RECORDED | {"duplicate": True}]},
    ),
)
PATCH_CONVERSATION = (
    Example(
        name="assign",
        summary="Assign it to an agent, if nobody changed it",
        path={"conversation_id": _CONVERSATION},
        headers={"If-Match": '"5f2d1c0b9a8e7f6d"'},
        body={"assignee": "agent-17", "team": "deliveries"},
        answer=_ASSIGNED,
    ),
    Example(
        name="resolve",
        summary="Resolve it and clear its priority",
        path={"conversation_id": _CONVERSATION},
        body={"status": "resolved", "priority": None},
        answer=_RESOLVED,
    ),
)
READ_CONVERSATION = (
    Example(
        name="waiting",
        summary="A customer waits for an answer",
        path={"conversation_id": _CONVERSATION},
        answer=_SHOWN,
    ),
    Example(
        name="resolved",
        summary="The same conversation, resolved",
        path={"conversation_id": _CONVERSATION},
        answer=_RESOLVED,
    ),
)
