"""One person on four channels becomes one customer; narrated step by step as it happens.

Everything goes over HTTP with an API key, as from a channel's own system; the text message has
Twilio's form and signature. Nothing is prepared, and time is real.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from devstack.servers.patience import patient
from devstack.stack.stack import Stack
from examples.journey.narrator import Narrator
from interactions.channels.providers.twilio import SIGNATURE_HEADER, signature
from interactions.commands import add_channel

PROMISE_SECONDS = 6
RESOLVE_SECONDS = 4 * 3600
WITHIN_SECONDS = 30.0
ALERTS = "/v1/sla/stream?severity=warning,breach"

VISITOR = {"type": "cookie", "value": "c-5f0a9e1b7d", "level": "channel_proved"}
EMAIL = {"type": "email", "value": "Anna.Lindqvist@example.org", "level": "channel_proved"}
PHONE = {"type": "phone", "value": "+44 20 7946 0018", "level": "channel_proved"}
HER = {"name": "Anna Lindqvist", "city": "Uppsala"}
IN_THE_SHOP = {"type": "email", "value": "anna@lindkvist.example", "level": "channel_proved"}
LIKE_HER = {"name": "Anna Lindkvist", "city": "Uppsala"}
SHORT_CODE = "+442079460999"
TEXT_MESSAGE = {
    "ToCountry": "GB",
    "SmsMessageSid": "SM5ef8732a3c49700934481addd5ce1659",
    "NumMedia": "0",
    "FromCountry": "GB",
    "SmsStatus": "received",
    "Body": "Order 118 please, not 119. Anna",
    "To": SHORT_CODE,
    "NumSegments": "1",
    "MessageSid": "SM5ef8732a3c49700934481addd5ce1659",
    "AccountSid": "AC2f0a3d1c0b5e4f6a8d9e7c6b5a493827",
    "From": "+442079460018",
    "ApiVersion": "2010-04-01",
}

Json = dict[str, Any]


async def play(stack: Stack, tell: Narrator) -> Json:
    """Play the journey and return its summary; raises if a step fails."""
    headers = {"Authorization": f"Bearer {stack.endpoints.api_key}"}
    async with httpx.AsyncClient(
        base_url=stack.endpoints.base_url, headers=headers, trust_env=False, timeout=WITHIN_SECONDS
    ) as client:
        listener = asyncio.create_task(_listen(client, tell))
        try:
            return await Journey(stack, client, tell).play()
        finally:
            listener.cancel()


class Journey:
    """The steps, in order; each narrates what it does and what comes of it."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient, tell: Narrator) -> None:
        self._stack = stack
        self._client = client
        self._tell = tell

    async def play(self) -> Json:
        await self._promise()
        chat = await self._she_chats()
        mail = await self._she_mails()
        await self._answer(chat, "chat", "Hello Anna. We will look into it.")
        await self._she_follows_our_link()
        caller = await self._she_phones()
        await self._she_texts()
        await self._she_proves_who_she_is(caller)
        await self._somebody_is_like_her()
        await self._the_mail_waits_too_long(mail)
        return await self._read_context()

    async def _promise(self) -> None:
        self._tell.step(f"We promise a first answer within {PROMISE_SECONDS} s, a solution in 4 h")
        channels = {"field": "channel", "op": "in", "value": ["chat", "email"]}
        first = {"metric": "first_response", "seconds": PROMISE_SECONDS, "warn_at": ["50%"]}
        solved = {"metric": "resolution", "seconds": RESOLVE_SECONDS, "warn_at": ["75%", "PT10M"]}
        anything = {"priority": None, "calendar_id": None}
        policy = {
            "name": "Standard care",
            "position": 1,
            "conditions": {"all": [channels]},
            "targets": [first | anything, solved | anything],
        }
        made = await self._post("/v1/sla/policies", policy)
        self._tell.say(f"policy “{made['name']}”, version {made['version']}")

    async def _she_chats(self) -> Json:
        self._tell.step("An anonymous visitor opens the web chat, and then says who she is")
        hello = await self._inbound("chat", [VISITOR], "Hello? My order has not come.")
        self._tell.say(f"a cookie is all we know: customer {hello['customer_id']}")
        claim = EMAIL | {"level": "claimed"}
        await self._inbound(
            "chat",
            [VISITOR, claim],
            "I am Anna Lindqvist, anna.lindqvist@example.org.",
            conversation_id=hello["conversation_id"],
        )
        self._tell.say("the address is a claim: shown to agents, trusted with nothing")
        return hello

    async def _she_mails(self) -> Json:
        self._tell.step("She writes from that address")
        mail = await self._inbound(
            "email",
            [EMAIL],
            "As I said in your chat: order 118 has not come.",
            subject="Where is order 118?",
            provider={
                "name": "imap",
                "account": "care@shop.example",
                "message_id": "<20261123.118@example.org>",
            },
        )
        self._tell.say(
            f"the address proves customer {mail['customer_id']}; the visitor stays apart,"
        )
        self._tell.say("because anybody could have typed her address")
        return mail

    async def _she_follows_our_link(self) -> None:
        self._tell.step("She follows the link in our reply, in the browser of the chat")
        body = {"identifiers": [EMAIL | {"level": "verified"}, VISITOR]}
        customer = await self._post("/v1/identities/resolve", body)
        self._tell.say(f"the visitor was her: {', '.join(customer['merged'])} is merged")

    async def _she_phones(self) -> Json:
        self._tell.step("She phones, from a number that nobody has seen")
        call = await self._inbound("phone", [PHONE], "Caller asks about an order.", kind="call")
        self._tell.say(f"a stranger so far: customer {call['customer_id']}")
        return call

    async def _she_texts(self) -> None:
        self._tell.step("She sends a text message; Twilio calls our webhook and signs the call")
        secret = secrets.token_hex(16)
        await add_channel(
            self._stack.interactions,
            tenant_id="demo",
            provider="twilio",
            account=SHORT_CODE,
            channel="sms",
            secret=SecretStr(secret),
        )
        forged = await self._text(secrets.token_hex(16))
        self._tell.say(f"with a forged signature: {forged.status_code}")
        genuine = await self._text(secret)
        again = await self._text(secret)
        self._tell.say(
            f"signed by Twilio: {genuine.status_code}, delivered twice: {again.status_code}"
        )
        genuine.raise_for_status()

    async def _text(self, secret: str) -> httpx.Response:
        url = f"{self._stack.endpoints.base_url}/v1/channels/twilio/{SHORT_CODE}"
        return await self._client.post(
            url,
            content=urlencode(TEXT_MESSAGE),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                SIGNATURE_HEADER: signature(secret, url, list(TEXT_MESSAGE.items())),
                "i-twilio-idempotency-token": "c3d7f2a0-118",
            },
        )

    async def _she_proves_who_she_is(self, caller: Json) -> None:
        self._tell.step("On the phone she reads back the code we mailed her: one person after all")
        proved = [identifier | {"level": "verified"} for identifier in (EMAIL, PHONE)]
        body = {"identifiers": proved, "attributes": HER | {"tier": "gold"}}
        customer = await self._post("/v1/identities/resolve", body)
        self._tell.say(
            f"customer {customer['customer_id']}, merged: {', '.join(customer['merged'])}"
        )
        old = await self._get(f"/v1/customers/{caller['customer_id']}")
        self._tell.say(f"the absorbed id still answers, as {old['customer_id']}")

    async def _somebody_is_like_her(self) -> None:
        self._tell.step("The shop knows an Anna Lindkvist in the same town. Is it she?")
        body = {"identifiers": [IN_THE_SHOP], "attributes": LIKE_HER}
        other = await self._post("/v1/identities/resolve", body)

        async def asked() -> Json | None:
            page = await self._get("/v1/match-candidates")
            about = (each for each in page["items"] if other["customer_id"] in each["customer_ids"])
            return next(about, None)

        candidate = await self._eventually(asked, "the question whether it is she")
        levels = (f"{each['field']} {each['level']}" for each in candidate["evidence"])
        self._tell.say(f"likely to {candidate['probability']:.0%}: {', '.join(levels)};")
        self._tell.say("no machine decides that about a verified customer, an agent does")
        answer = {"decision": "same", "reason": "she collected order 118 there"}
        path = f"/v1/match-candidates/{candidate['candidate_id']}/decision"
        decided = await self._post(path, answer)
        self._tell.say(f"one customer now: {decided['customer_ids'][0]}")
        await self._she_never_was_there(decided["customer_ids"][0])

    async def _she_never_was_there(self, customer_id: str) -> None:
        self._tell.step("She says she never was in that shop: the merge is undone")
        merges = await self._get(f"/v1/customers/{customer_id}/merges")
        path = f"/v1/merges/{merges['items'][0]['merge_id']}/undo"
        answer = {"reason": "she never was in that shop"}
        preview = await self._post(path, answer | {"dry_run": True})
        self._tell.say(f"a preview shows {len(preview['preview'])} customers")
        undone = await self._post(path, answer)
        for each in undone["customer_ids"]:
            shown = await self._get(f"/v1/customers/{each}")
            known_by = ", ".join(identifier["type"] for identifier in shown["identifiers"])
            self._tell.say(f"{shown['attributes'].get('name')}, known by {known_by}: {each}")
        self._tell.say("the two are kept apart, and the question does not come back")

    async def _the_mail_waits_too_long(self, mail: Json) -> None:
        self._tell.step("Nobody answers her mail. The clock warns, then breaches; an agent is late")

        async def breached() -> Json | None:
            query = {"conversation_id": mail["conversation_id"], "state": "breached"}
            page = await self._get("/v1/sla/clocks", **query)
            return next(iter(page["items"]), None)

        clock = await self._eventually(breached, "the breach")
        self._tell.say(f"due {clock['due_at']}, breached {clock['breached_at']},")
        self._tell.say(f"noticed {clock['detected_at']}")
        await self._answer(mail, "email", "Sorry for the wait: order 118 is on its way.")

    async def _read_context(self) -> Json:
        self._tell.step("Whoever speaks to her next sees all of it, in one call, by her number")
        lookup = {"identifier": {"type": "phone", "value": "+442079460018"}}

        async def whole() -> Json | None:
            seen = await self._post("/v1/context/lookup", lookup)
            channels = {each["channel"] for each in seen["interactions"]}
            complete = len(channels) >= 4 and len(seen["interactions"]) >= 7  # noqa: PLR2004 - as many as sent above
            return seen if complete and seen["sla"]["breaches"] else None

        await self._eventually(whole, "the whole context")
        began = time.perf_counter()
        seen = await self._post("/v1/context/lookup", lookup)
        self._tell.context(seen, milliseconds=(time.perf_counter() - began) * 1000)
        return {
            "customer_id": seen["customer_id"],
            "channels": len({each["channel"] for each in seen["interactions"]}),
            "merged_customers": len(seen["customer"]["merged_ids"]),
            "breaches": len(seen["sla"]["breaches"]),
            "interactions": len(seen["interactions"]),
            "next_deadline": seen["sla"]["next_deadline"],
        }

    async def _inbound(self, channel: str, who: list[Json], text: str, **more: Any) -> Json:
        body = {
            "channel": channel,
            "kind": "message",
            "direction": "inbound",
            "author": {"type": "customer"},
            "identifiers": who,
            "text": text,
        }
        self._tell.quote(channel, text)
        return await self._post("/v1/interactions", body | more)

    async def _answer(self, said: Json, channel: str, text: str) -> None:
        body = {
            "channel": channel,
            "kind": "message",
            "direction": "outbound",
            "author": {"type": "agent", "id": "agent-17", "name": "Sam"},
            "conversation_id": said["conversation_id"],
            "text": text,
        }
        self._tell.quote("agent", text)
        await self._post("/v1/interactions", body)

    async def _eventually(self, find: Callable[[], Awaitable[Json | None]], what: str) -> Json:
        began = time.monotonic()
        while time.monotonic() - began < patient(WITHIN_SECONDS):
            if found := await find():
                return found
            await asyncio.sleep(0.05)
        raise TimeoutError(f"{what} did not come within {time.monotonic() - began:.0f} s")

    async def _post(self, path: str, body: Json) -> Json:
        return _checked(await self._client.post(path, json=body))

    async def _get(self, path: str, **query: str) -> Json:
        return _checked(await self._client.get(path, params=query))


async def _listen(client: httpx.AsyncClient, tell: Narrator) -> None:
    """Print warnings and breaches as they arrive on the live stream."""
    kind = ""
    async with client.stream("GET", ALERTS, timeout=None) as stream:
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind.startswith("sla."):
                tell.alert(kind)


def _checked(response: httpx.Response) -> Json:
    response.raise_for_status()
    body: Json = response.json()
    return body
