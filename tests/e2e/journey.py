"""The calls that the journeys are made of."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
from twilio.request_validator import RequestValidator

from devstack.fleet.composed import ComposedFleet
from devstack.fleet.fleet import Fleet
from devstack.testing.observation.leaks import PERSON, SECRET, new_address, new_number, traceable

Json = dict[str, Any]


def unique(name: str) -> str:
    return f"{name}-{uuid4().hex[:12]}"


def an_email() -> Json:
    return {"type": "email", "value": new_address(), "level": "channel_proved"}


def a_phone() -> Json:
    return {"type": "phone", "value": new_number(), "level": "channel_proved"}


async def call(
    client: httpx.AsyncClient, method: str, path: str, body: Json | None = None, **options: Any
) -> Json:
    """Call and return the JSON of a successful answer."""
    answer = await client.request(method, path, json=body, **options)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    content: Json = answer.json()
    return content


async def say(
    fleet: Fleet | ComposedFleet, channel: str, identifier: Json, text: str, **more: Any
) -> Json:
    """Record a customer's message on a channel."""
    body = {
        "channel": channel,
        "kind": "call" if channel == "phone" else "message",
        "direction": "inbound",
        "author": {"type": "customer", "name": PERSON},
        "identifiers": [identifier],
        "text": traceable(text),
    }
    async with fleet.client("interactions") as client:
        return await call(client, "POST", "/v1/interactions", body | more)


async def answer(fleet: Fleet, conversation_id: str, channel: str, **more: Any) -> Json:
    """Record an agent's answer in a conversation."""
    body = {
        "channel": channel,
        "kind": "message",
        "direction": "outbound",
        "author": {"type": "agent", "id": "agent-7"},
        "conversation_id": conversation_id,
        "text": traceable("Here is your answer."),
    }
    async with fleet.client("interactions") as client:
        return await call(client, "POST", "/v1/interactions", body | more)


async def promise(fleet: Fleet | ComposedFleet, tag: str, seconds: int, **more: Any) -> Json:
    """Create a policy for first responses on the channel ``tag``."""
    body = {
        "name": tag,
        "position": uuid4().int % 1_000_000,
        "conditions": {"all": [{"field": "channel", "op": "eq", "value": tag}]},
        "targets": [
            {"metric": "first_response", "priority": None, "seconds": seconds,
             "calendar_id": None, "warn_at": ["50%"]} | more
        ],
    }  # fmt: skip
    async with fleet.client("sla") as client:
        return await call(client, "POST", "/v1/sla/policies", body)


async def clocks(fleet: Fleet, conversation_id: str) -> list[Json]:
    async with fleet.client("sla") as client:
        path = f"/v1/sla/clocks?conversation_id={conversation_id}"
        items: list[Json] = (await call(client, "GET", path))["items"]
        return items


async def context(fleet: Fleet, customer_id: str) -> Json:
    async with fleet.client("interactions") as client:
        return await call(client, "GET", f"/v1/context/{customer_id}")


def add_twilio_account(fleet: Fleet, account: str) -> None:
    fleet.run("interactions", "channels", "add", "twilio", account, "--tenant", "demo",
              more={"CHANNEL_SECRET": SECRET})  # fmt: skip


async def text_by_twilio(fleet: Fleet, account: str, fields: Mapping[str, str]) -> httpx.Response:
    """Send an SMS as Twilio would, signed by Twilio's own library."""
    async with fleet.client("interactions") as client:
        url = f"{client.base_url}/v1/channels/twilio/{account}".replace("//v1", "/v1")
        signature = RequestValidator(SECRET).compute_signature(url, dict(fields))
        return await client.post(
            url,
            content=urlencode(fields),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": signature,
                "i-twilio-idempotency-token": fields["MessageSid"],
            },
        )


async def say_traced(
    fleet: Fleet, channel: str, identifier: Json, text: str, *, traceparent: str
) -> Json:
    """Record a customer's message as part of a caller's trace."""
    body = {
        "channel": channel,
        "kind": "message",
        "direction": "inbound",
        "author": {"type": "customer", "name": PERSON},
        "identifiers": [identifier],
        "text": traceable(text),
    }
    headers = {"traceparent": traceparent}
    async with fleet.client("interactions") as client:
        return await call(client, "POST", "/v1/interactions", body, headers=headers)


async def has_context(fleet: Fleet, customer_id: str) -> bool:
    async with fleet.client("interactions") as client:
        answer = await client.get(f"/v1/context/{customer_id}")
        return answer.status_code == 200 and bool(answer.json()["interactions"])
