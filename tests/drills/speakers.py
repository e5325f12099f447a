"""A channel front end, a partner on Kafka and a provider, as they behave when we fail them.

Whoever gets no answer asks again with the same key, until somebody answers.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp
from twilio.request_validator import RequestValidator

from common.jsons import dumps, loads
from devstack.fleet.fleet import Fleet
from devstack.testing.leaks import SECRET
from tests.drills.ledger import Ledger
from tests.drills.messages import ACCOUNTS, DESK, Json, Message, Way
from tests.drills.partner import Partner

PATIENCE_SECONDS = 60.0
UNANSWERED = frozenset({409, 429, 503})
"""What is promised to callers whom we fail, or whose earlier attempt still runs (409). Any other
refusal would be a finding."""


class Answer(NamedTuple):
    """What somebody who asks over HTTP gets."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_success(self) -> bool:
        return self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        return loads(self.text)


class RefusedError(AssertionError):
    """A message was refused although nothing was wrong with it."""


class Speaker:
    """Says messages by any way in, and writes down what was promised for them."""

    def __init__(self, fleet: Fleet, ledger: Ledger, partner: Partner) -> None:
        self._fleet = fleet
        self._ledger = ledger
        self._partner = partner
        # Not httpx: its pool goes through all who wait whenever it is the turn of one of them.
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        # Somebody else reads: who asks for a context does not stand in line behind who speaks.
        self._reading = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        self._base_url = fleet.url("interactions api")
        self.refused: Counter[int] = Counter()
        """How often a call was answered with what is no success, by status."""
        self._keys = {
            "demo": fleet.credentials.api_key,
            "other": fleet.credentials.other_tenant_api_key,
        }

    async def close(self) -> None:
        await self._http.close()
        await self._reading.close()

    async def say(self, way: Way, *messages: Message) -> list[Json]:
        """Say messages of one tenant until they are acknowledged; return the answers there are."""
        for message in messages:
            self._ledger.said(message.token, tenant=message.tenant, way=way)
        ways: dict[Way, Callable[..., Awaitable[list[Json]]]] = {
            "rest": self._rest,
            "batch": self._batch,
            "kafka": self._kafka,
            "webhook": self._webhook,
        }
        answers = await ways[way](messages)
        for message, answer in zip(messages, answers, strict=True):
            self._ledger.acknowledged(message.token, interaction_id=answer.get("interaction_id"))
        return answers

    async def say_nonsense(self, message: Message) -> None:
        """Put a record on the inbound topic that nobody can read, and be told it is there."""
        self._ledger.said(message.token, tenant=message.tenant, way="kafka")
        await self._partner.send([message], [f"{message.token} is no JSON".encode()])
        self._ledger.acknowledged(message.token)

    async def merge(self, tenant: str, customer_id: str, *, into: str) -> Json:
        """Say that two customers are one, until it is known that they are."""
        answer = await self._until_answered(
            f"{self._fleet.url('identity api')}/v1/merges",
            json={"source_id": customer_id, "target_id": into, "reason": "a drill"},
            headers=self._authorised(tenant),
        )
        merged: Json = answer.json()
        return merged

    async def ask(self, tenant: str, customer_id: str) -> Answer | None:
        """Ask for a customer's context, once, and write down how that went."""
        began = time.monotonic()
        url = f"{self._base_url}/v1/context/{customer_id}"
        try:
            answer = await _call(self._reading, "GET", url, headers=self._authorised(tenant))
        except (aiohttp.ClientError, TimeoutError):
            self._ledger.asked(0, time.monotonic() - began, clean=False)
            return None
        clean = answer.status == HTTPStatus.OK or (
            answer.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in answer.headers
        )
        self._ledger.asked(answer.status, time.monotonic() - began, clean=clean)
        return answer

    async def find_conversation(self, message: Message) -> str | None:
        """Return the newest conversation with whoever said a message, if it is known yet."""
        answer = await self._until_answered(
            f"{self._base_url}/v1/context/lookup",
            json={"identifier": {"type": "phone", "value": message.phone}},
            headers=self._authorised(message.tenant),
            also={404},
        )
        found = answer.json().get("conversations") if answer.status == HTTPStatus.OK else None
        return found[0]["conversation_id"] if found else None

    async def _rest(self, messages: Sequence[Message]) -> list[Json]:
        """Half of the senders have ids of their own; the others name an Idempotency-Key."""
        [message] = messages
        by_provider = sum(message.token.encode()) % 2 == 0
        answer = await self._until_answered(
            f"{self._base_url}/v1/interactions",
            json=message.keyed() if by_provider else message.body(),
            headers=self._authorised(message.tenant)
            | ({} if by_provider else {"idempotency-key": message.token}),
        )
        return [answer.json()]

    async def _batch(self, messages: Sequence[Message]) -> list[Json]:
        answer = await self._until_answered(
            f"{self._base_url}/v1/interactions/batch",
            json={"items": [message.keyed() for message in messages]},
            headers=self._authorised(messages[0].tenant),
        )
        items: list[Json] = answer.json()["items"]
        if refused := [item for item in items if "problem" in item]:
            raise RefusedError(f"an item of a batch: {refused[0]}")
        return items

    async def _kafka(self, messages: Sequence[Message]) -> list[Json]:
        """The broker's acknowledgement is the promise; what came of it is seen later."""
        await self._partner.send(messages, [dumps(message.keyed()) for message in messages])
        return [{} for _ in messages]

    async def _webhook(self, messages: Sequence[Message]) -> list[Json]:
        [message] = messages
        account = ACCOUNTS[message.tenant]
        url = f"{self._base_url}/v1/channels/twilio/{account}"
        fields = {"MessageSid": message.token, "From": message.phone, "To": account}
        fields["Body"] = message.token
        await self._until_answered(
            url,
            data=urlencode(fields),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": RequestValidator(SECRET).compute_signature(url, fields),
                "i-twilio-idempotency-token": message.token,
            },
        )
        return [{}]

    async def _until_answered(
        self, url: str, *, also: set[int] | None = None, **call: Any
    ) -> Answer:
        """Call until the outcome is known; a refusal is nothing that these calls deserve."""
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.05
        while True:
            try:
                answer = await _call(self._http, "POST", url, **call)
            except (aiohttp.ClientError, TimeoutError) as error:
                why = type(error).__name__
            else:
                if answer.is_success or answer.status in (also or ()):
                    return answer
                why = f"{answer.status} {answer.text}"
                self.refused[answer.status] += 1
                come_back = (
                    answer.status != HTTPStatus.SERVICE_UNAVAILABLE
                    or "retry-after" in answer.headers
                )
                if answer.status not in UNANSWERED or not come_back:
                    raise RefusedError(f"{url}: {why}")
            assert time.monotonic() < deadline, f"no answer for {PATIENCE_SECONDS} s: {why}"
            await asyncio.sleep(pause)
            pause = min(1.0, 2 * pause)

    def _authorised(self, tenant: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._keys[tenant]}"}


async def _call(session: aiohttp.ClientSession, method: str, url: str, **call: Any) -> Answer:
    async with session.request(method, url, **call) as response:
        return Answer(response.status, response.headers, await response.text())


@asynccontextmanager
async def open_speaker(fleet: Fleet, ledger: Ledger) -> AsyncIterator[Speaker]:
    """Give a speaker to a fleet whose accounts are known, with a partner's own Kafka client."""
    partner = Partner(fleet.bootstrap)
    speaker = Speaker(fleet, ledger, partner)
    try:
        yield speaker
    finally:
        await speaker.close()
        await partner.close()


def add_accounts(fleet: Fleet) -> None:
    """Let the provider's webhooks for each tenant's number in."""
    for tenant, account in ACCOUNTS.items():
        fleet.run(
            "interactions", "channels", "add", "twilio", account,
            "--tenant", tenant, "--secret", SECRET, "--channel", DESK,
        )  # fmt: skip
