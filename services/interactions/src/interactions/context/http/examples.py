"""Examples of contexts, timelines and changes, for the API's document."""

from typing import Any

from common.web import Example

_ANNA = "0199a1c0-6d3e-7b52-9c1f-3a5d0e7b4c21"
_SECOND = "0199a1c4-02b7-7e8a-8f60-91c2d4e6a803"
_CONVERSATION = "0199f3a2-6b10-7a52-9c3d-1e2f3a4b5c6d"
_AS_OF = "2026-11-23T09:31:00.000000Z"
_WHOLE = {"as_of": _AS_OF, "complete": True, "reason": None}
_CUSTOMER: dict[str, Any] = {
    "customer_id": _ANNA,
    "merged_ids": [_SECOND],
    "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "gold"},
    "version": 3,
    "created_at": "2026-09-14T08:31:22.417000Z",
    "updated_at": "2026-11-20T14:02:10.090000Z",
}
_INTERACTION: dict[str, Any] = {
    "interaction_id": "0199f3a2-6b15-7b52-8e0e-6d2f6f3b9c01",
    "conversation_id": _CONVERSATION,
    "origin_customer_id": _ANNA,
    "sequence": 4711,
    "channel": "chat",
    "kind": "message",
    "direction": "inbound",
    "author": {"type": "customer", "id": None, "name": "Anna Lindqvist"},
    "private": False,
    "automated": False,
    "subject": None,
    "text": "Where is my order 118?",
    "data": {},
    "attachments": [],
    "identifiers": [
        {
            "type": "email",
            "value": "Anna.Lindqvist@Nordlys.se",
            "scope": None,
            "level": "verified",
        }
    ],
    "provider": {"name": "webchat", "account": "shop", "message_id": "chat-118-1"},
    "in_reply_to": None,
    "locale": None,
    "occurred_at": "2026-11-23T09:00:00.000000Z",
    "received_at": "2026-11-23T09:00:00.310000Z",
    "recorded_at": "2026-11-23T09:00:00.352000Z",
    "time_source": "given",
    "backfill": False,
}
_KNOWN: dict[str, Any] = {
    "customer_id": _ANNA,
    "customer": _CUSTOMER,
    "parts": {"customer": _WHOLE},
}
_NO_SLA: dict[str, Any] = {"clocks": [], "next_deadline": None, "breaches": []}

READ_CONTEXT = (
    Example(
        name="two_parts",
        summary="Who the customer is, and that nothing is due",
        path={"customer_id": _ANNA},
        query={"include": ["customer", "sla"]},
        answer=_KNOWN | {"sla": _NO_SLA, "parts": {"customer": _WHOLE, "sla": _WHOLE}},
    ),
    Example(
        name="partial",
        summary="The same while sla's events are late: the part says so",
        path={"customer_id": _ANNA},
        query={"include": ["customer", "sla"]},
        answer=_KNOWN
        | {
            "sla": _NO_SLA,
            "parts": {
                "customer": _WHOLE,
                "sla": {
                    "as_of": "2026-11-23T09:12:41.000000Z",
                    "complete": False,
                    "reason": "sla events are 1099 s behind",
                },
            },
        },
    ),
)
LOOK_UP = (
    Example(
        name="by_email",
        summary="By an e-mail address, in any spelling",
        body={
            "identifier": {"type": "email", "value": "ANNA.LINDQVIST@nordlys.se"},
            "include": ["customer"],
        },
        answer=_KNOWN,
    ),
    Example(
        name="by_number",
        summary="By the number that a shop gave the customer",
        body={
            "identifier": {"type": "external_id", "value": "C-20417", "scope": "webshop"},
            "include": ["customer"],
        },
        answer=_KNOWN,
    ),
)
READ_TIMELINE = (
    Example(
        name="chats",
        summary="What the customer wrote in chats",
        path={"customer_id": _ANNA},
        query={"channel": "chat", "direction": "inbound"},
        answer={"items": [_INTERACTION], "next": None},
    ),
    Example(
        name="nothing",
        summary="Nothing happened on this channel",
        path={"customer_id": _ANNA},
        query={"channel": "fax"},
        answer={"items": [], "next": None},
    ),
)
LIST_CHANGES = (
    Example(
        name="one",
        summary="The change after 4710: a message was recorded",
        query={"after": 4710, "limit": 1},
        answer={
            "items": [
                {
                    "sequence": 4711,
                    "type": "interaction.recorded",
                    "recorded_at": "2026-11-23T09:00:00.352000Z",
                    "conversation_id": _CONVERSATION,
                    "customer_id": _ANNA,
                    "interaction": _INTERACTION,
                }
            ],
            "next": 4711,
        },
    ),
    Example(
        name="end",
        summary="The end of the feed: come back with the same number",
        query={"after": 4719},
        answer={"items": [], "next": 4719},
    ),
)
