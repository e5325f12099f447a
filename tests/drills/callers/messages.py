"""The messages of drills, in the formats in which channels report them."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from devstack.testing.observation.leaks import PERSON

Way = Literal["rest", "batch", "kafka", "webhook"]
Json = dict[str, Any]

DESK, COUNTER = "desk", "counter"
"""Two channels: at the counter a customer waits longer, so a drill can act before a deadline."""

TENANTS = ("demo", "other")
ACCOUNTS = {"demo": "+15005550001", "other": "+15005550002"}
"""Each tenant's number at the provider."""


@dataclass(frozen=True)
class Message:
    """A message with the text ``token``; with a ``conversation_id`` it is an agent's answer."""

    token: str
    tenant: str
    phone: str = ""
    conversation_id: str | None = None
    channel: str = DESK

    def body(self) -> Json:
        """Return the body with which channel front ends and partners report the message."""
        report: Json = {
            "channel": self.channel,
            "direction": "inbound",
            "author": {"type": "customer", "name": PERSON},
            "identifiers": [self.identifier],
        }
        if self.conversation_id:
            report = {
                "channel": self.channel,
                "direction": "outbound",
                "author": {"type": "agent", "id": "agent-7"},
                "conversation_id": self.conversation_id,
            }
        return report | {"text": self.token}

    def keyed(self) -> Json:
        """Return the body with a provider's message id, so that repetitions are recognised."""
        account = ACCOUNTS[self.tenant]
        provider = {"name": "drill", "account": account, "message_id": self.token}
        return self.body() | {"provider": provider}

    @property
    def identifier(self) -> Json:
        return {"type": "phone", "value": self.phone, "level": "channel_proved"}


def a_message(tenant: str = "demo", **more: Any) -> Message:
    """Return a message from a new sender."""
    drawn = uuid4().int
    return Message(f"canary-{drawn:x}", tenant, phone=f"+4420{drawn % 10**8:08d}", **more)
