"""Values with sensible defaults, for tests that care about one or two of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from interactions.history import (
    Author,
    AuthorType,
    Direction,
    Draft,
    Identifier,
    Kind,
    Level,
    ProviderKey,
    RecordInteractions,
    Resolved,
)
from interactions.history.domain.contact import Contact

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WINDOW = timedelta(days=7)
TENANT = "demo"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def a_phone(
    value: str = "+442079460018", *, level: Level = Level.CHANNEL_PROVED, **more: Any
) -> Identifier:
    return Identifier("phone", value, level=level, **more)


def a_draft(**changes: Any) -> Draft:
    """A customer's text message."""
    values: dict[str, Any] = {
        "channel": "sms",
        "kind": Kind.MESSAGE,
        "direction": Direction.INBOUND,
        "author": Author(AuthorType.CUSTOMER),
        "received_at": NOON,
        "identifiers": (a_phone(),),
        "text": "Where is my order?",
    }
    return Draft(**(values | changes))


def a_reply(**changes: Any) -> Draft:
    """An agent's answer."""
    author = Author(AuthorType.AGENT, "agent-17", "Ann")
    return a_draft(**({"direction": Direction.OUTBOUND, "author": author} | changes))


def provided(message_id: str, account: str = "+15005550006") -> dict[str, Any]:
    return {
        "provider": ProviderKey("twilio", account, message_id),
        "channel_account": account,
    }


def recording(
    *drafts: Draft, customer_id: UUID | None = None, tenant_id: str = TENANT
) -> RecordInteractions:
    """The command that records drafts, all of one customer."""
    contact = Contact(customer_id=customer_id)
    return RecordInteractions(tenant_id, [Resolved(draft, contact) for draft in drafts], WINDOW)


def a_body(**changes: Any) -> dict[str, Any]:
    """The JSON of a customer's text message, with a message id of its own."""
    return {
        "channel": "sms",
        "kind": "message",
        "direction": "inbound",
        "author": {"type": "customer"},
        "identifiers": [{"type": "phone", "value": "+44 20 7946 0018"}],
        "text": "Where is my order?",
        "provider": {"name": "twilio", "account": "main", "message_id": f"SM{uuid4().hex}"},
    } | changes
