"""A channel front end, a partner on Kafka and a provider, as they behave when the system fails.

A caller that gets no answer repeats the request with the same key until it gets one.
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
from devstack.servers.patience import patient
from devstack.testing.observation.leaks import SECRET
from tests.drills.callers.ledger import Ledger
from tests.drills.callers.messages import ACCOUNTS, DESK, Json, Message, Way
from tests.drills.callers.partner import Partner

PATIENCE_SECONDS = 60.0
UNANSWERED = frozenset({409, 429, 503})
"""The documented statuses for a failure of the system, or an earlier attempt that still runs (409).
Any other refusal is a bug."""


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_success(self) -> bool:
        return self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        return loads(self.text)


class RefusedError(AssertionError):
    """The system refused a valid message."""


class Speaker:
    """Sends messages in any way, and records in the ledger which were acknowledged."""

    def __init__(self, fleet: Fleet, ledger: Ledger, partner: Partner) -> None:
        self._fleet = fleet
        self._ledger = ledger
        self._partner = partner
        # Not httpx: its pool scans all waiting requests each time that one of them is served.
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        # A second session, so that requests for contexts do not queue behind messages.
        self._reading = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        self._base_url = fleet.url("interactions api")
        self.refused: Counter[int] = Counter()
        """How often a call was refused, by status."""
        self._keys = {
            "demo": fleet.credentials.api_key,
            "other": fleet.credentials.other_tenant_api_key,
        }

    async def close(self) -> None:
        await self._http.close()
        await self._reading.close()

    async def say(self, way: Way, *messages: Message) -> list[Json]:
        """Send messages of one tenant until they are acknowledged; return the answers."""
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
        """Write an undecodable record to the inbound topic until the broker acknowledges it."""
        self._ledger.said(message.token, tenant=message.tenant, way="kafka")
        await self._partner.send([message], [f"{message.token} is not JSON".encode()])
        self._ledger.acknowledged(message.token)

    async def merge(self, tenant: str, customer_id: str, *, into: str) -> Json:
        """Merge two customers; repeat the request until it is answered."""
        answer = await self._until_answered(
            f"{self._fleet.url('identity api')}/v1/merges",
            json={"source_id": customer_id, "target_id": into, "reason": "a drill"},
            headers=self._authorised(tenant),
        )
        merged: Json = answer.json()
        return merged

    async def ask(self, tenant: str, customer_id: str) -> Answer | None:
        """Fetch a customer's context once, and record the outcome in the ledger."""
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
        """Return the newest conversation of a message's sender, or None if there is none yet."""
        answer = await self._until_answered(
            f"{self._base_url}/v1/context/lookup",
            json={"identifier": {"type": "phone", "value": message.phone}},
            headers=self._authorised(message.tenant),
            also={404},
        )
        newest = answer.json().get("conversations") if answer.status == HTTPStatus.OK else None
        return newest[0]["conversation_id"] if newest else None

    async def _rest(self, messages: Sequence[Message]) -> list[Json]:
        """Send with a provider's message id or, for half of the messages, an Idempotency-Key."""
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
        """Send to the inbound topic; the broker's acknowledgement is the promise."""
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
        """Repeat a call until its outcome is known. Raises RefusedError, as every call is valid."""
        began, pause = time.monotonic(), 0.05
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
            waited = time.monotonic() - began
            assert waited < patient(PATIENCE_SECONDS), f"no answer for {waited:.0f} s: {why}"
            await asyncio.sleep(pause)
            pause = min(1.0, 2 * pause)

    def _authorised(self, tenant: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._keys[tenant]}"}


async def _call(session: aiohttp.ClientSession, method: str, url: str, **call: Any) -> Answer:
    async with session.request(method, url, **call) as response:
        return Answer(response.status, response.headers, await response.text())


@asynccontextmanager
async def open_speaker(fleet: Fleet, ledger: Ledger) -> AsyncIterator[Speaker]:
    """Yield a speaker for a fleet whose accounts exist, with the Kafka client of a partner."""
    partner = Partner(fleet.bootstrap)
    speaker = Speaker(fleet, ledger, partner)
    try:
        yield speaker
    finally:
        await speaker.close()
        await partner.close()


def add_accounts(fleet: Fleet) -> None:
    """Add each tenant's number as a channel account, so that its webhooks are accepted."""
    for tenant, account in ACCOUNTS.items():
        fleet.run(
            "interactions", "channels", "add", "twilio", account,
            "--tenant", tenant, "--channel", DESK, more={"CHANNEL_SECRET": SECRET},
        )  # fmt: skip
