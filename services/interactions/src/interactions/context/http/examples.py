"""Examples of contexts, timelines and changes, for the API's document."""

from typing import Any

from common.story import (
    ANNA,
    CONVERSATION,
    FIRST_RESPONSE,
    GOLD_POLICY,
    QUESTION,
    RESOLUTION,
    SEQUENCE,
)
from common.web import Example

_AS_OF = "2026-11-23T10:16:00.000000Z"
_WHOLE = {"as_of": _AS_OF, "complete": True, "reason": None}
_CUSTOMER: dict[str, Any] = {
    "customer_id": ANNA,
    "merged_ids": [],
    "attributes": {"name": "Anna Lindqvist", "language": "sv", "tier": "platinum"},
    "version": 3,
    "created_at": "2026-11-23T09:29:58.417000Z",
    "updated_at": "2026-11-23T09:45:00.150000Z",
}
_INTERACTION: dict[str, Any] = {
    "interaction_id": QUESTION,
    "conversation_id": CONVERSATION,
    "origin_customer_id": ANNA,
    "sequence": SEQUENCE,
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
    "locale": "en-SE",
    "occurred_at": "2026-11-23T09:30:00.000000Z",
    "received_at": "2026-11-23T09:30:00.140000Z",
    "recorded_at": "2026-11-23T09:30:00.140000Z",
    "time_source": "given",
    "backfill": False,
}
_KNOWN: dict[str, Any] = {
    "customer_id": ANNA,
    "customer": _CUSTOMER,
    "parts": {"customer": _WHOLE},
}
_CLOCK: dict[str, Any] = {
    "clock_id": FIRST_RESPONSE,
    "conversation_id": CONVERSATION,
    "customer_id": ANNA,
    "metric": "first_response",
    "cycle": 1,
    "state": "running",
    "policy_id": GOLD_POLICY,
    "policy_version": 1,
    "policy_name": "Messages, gold customers",
    "target_seconds": 3600,
    "started_at": "2026-11-23T09:30:00.000000Z",
    "due_at": "2026-11-23T10:30:00.000000Z",
    "met_at": None,
    "breached_at": None,
    "detected_at": None,
    "confirmed": None,
    "reason": None,
}
_SLA: dict[str, Any] = {
    "clocks": [
        _CLOCK,
        _CLOCK
        | {
            "clock_id": RESOLUTION,
            "metric": "resolution",
            "target_seconds": 28_800,
            "due_at": "2026-11-23T17:30:00.000000Z",
        },
    ],
    "next_deadline": "2026-11-23T10:30:00.000000Z",
    "breaches": [],
}

READ_CONTEXT = (
    Example(
        name="two_parts",
        summary="Who the customer is, and what is due",
        path={"customer_id": ANNA},
        query={"include": ["customer", "sla"]},
        answer=_KNOWN | {"sla": _SLA, "parts": {"customer": _WHOLE, "sla": _WHOLE}},
    ),
    Example(
        name="partial",
        summary="The same while sla's events are late: the part says so",
        path={"customer_id": ANNA},
        query={"include": ["customer", "sla"]},
        answer=_KNOWN
        | {
            "sla": _SLA,
            "parts": {
                "customer": _WHOLE | {"as_of": "2026-11-23T10:18:19.000000Z"},
                "sla": {
                    "as_of": _AS_OF,
                    "complete": False,
                    "reason": "sla events are 139 s behind",
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
        summary="By the number that a shop gave the customer, as a context shows it",
        body={
            "identifier": {
                "type": "external_id",
                "value": "C-20417",
                "scope": "webshop",
                "level": "channel_proved",
            },
            "include": ["identifiers"],
        },
        answer={
            "customer_id": ANNA,
            "identifiers": [
                {
                    "type": "email",
                    "value": "anna.lindqvist@nordlys.se",
                    "scope": None,
                    "level": "verified",
                },
                {
                    "type": "external_id",
                    "value": "C-20417",
                    "scope": "webshop",
                    "level": "channel_proved",
                },
            ],
            "parts": {"identifiers": _WHOLE},
        },
    ),
)
READ_TIMELINE = (
    Example(
        name="chats",
        summary="What the customer wrote in chats",
        path={"customer_id": ANNA},
        query={"channel": "chat", "direction": "inbound"},
        answer={"items": [_INTERACTION], "next": None},
    ),
    Example(
        name="nothing",
        summary="Nothing happened on this channel",
        path={"customer_id": ANNA},
        query={"channel": "fax"},
        answer={"items": [], "next": None},
    ),
)
LIST_CHANGES = (
    Example(
        name="one",
        summary="The change after 4710: a message was recorded",
        query={"after": SEQUENCE - 1, "limit": 1},
        answer={
            "items": [
                {
                    "sequence": SEQUENCE,
                    "type": "interaction.recorded",
                    "recorded_at": "2026-11-23T09:30:00.140000Z",
                    "conversation_id": CONVERSATION,
                    "customer_id": ANNA,
                    "interaction": _INTERACTION,
                }
            ],
            "next": SEQUENCE,
        },
    ),
    Example(
        name="end",
        summary="The end of the feed: come back with the same number",
        query={"after": SEQUENCE + 13},
        answer={"items": [], "next": SEQUENCE + 13},
    ),
)
