"""A tenant's flood, in a process of its own: ``python -m tests.drills.fairness.flood``.

Reads one JSON object with its kind and its target, says ``flooding`` once the first answers are
there, and floods until it is stopped.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from itertools import count
from urllib.parse import urlencode

import aiohttp
from twilio.request_validator import RequestValidator

from common.messaging import Outgoing, Producer, key_hash
from common.settings import KafkaSettings
from devstack.testing.observation.leaks import SECRET
from tests.drills.callers.messages import ACCOUNTS, Message, a_message
from tests.drills.callers.partner import INBOUND

BATCH = 500
RECORDS = 200
ENOUGH = 20
"""So many answers show that the flood has begun."""
ALMOST_NICE = 19
"""In production the callers have machines of their own."""


class Flood:
    """What one tenant sends: over HTTP, or to the inbound topic."""

    def __init__(self, target: dict[str, str]) -> None:
        self._target = target
        self._headers = {"authorization": f"Bearer {target['key']}"}
        self._numbers = count()
        self._answered = 0
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def run(self, kind: str) -> None:
        kinds: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "requests": (64, self._request),
            "contact": (64, self._same_contact),
            "batches": (8, self._batch),
            "webhooks": (32, self._webhook),
            "records": (1, self._records),
            "streams": (200, self._stream),
            "strangers": (64, self._bad_credential),
        }
        at_once, step = kinds[kind]
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(self._repeat(step))

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except (aiohttp.ClientError, TimeoutError, OSError):
                await asyncio.sleep(0.05)
            self._count()

    def _count(self, answers: int = 1) -> None:
        """Count answers, and report once that the flood has begun."""
        before, self._answered = self._answered, self._answered + answers
        if before < ENOUGH <= self._answered:
            sys.stdout.write("flooding\n")
            sys.stdout.flush()

    async def _request(self) -> None:
        message = a_message(self._target["tenant"])
        recorded = await self._post("/v1/interactions", message.body())
        if customer := recorded.get("customer_id"):
            url = f"{self._target['interactions']}/v1/context/{customer}"
            async with self._http.get(url, headers=self._headers) as answer:
                await answer.read()

    async def _same_contact(self) -> None:
        token = f"canary-contact-{next(self._numbers)}"
        await self._post(
            "/v1/interactions", Message(token, self._target["tenant"], "+442079460999").body()
        )

    async def _batch(self) -> None:
        items = [a_message(self._target["tenant"]).body() for _ in range(BATCH)]
        await self._post("/v1/interactions/batch", {"items": items})

    async def _webhook(self) -> None:
        message, account = a_message(self._target["tenant"]), ACCOUNTS[self._target["tenant"]]
        url = f"{self._target['interactions']}/v1/channels/twilio/{account}"
        fields = {"MessageSid": message.token, "From": message.phone, "To": account}
        fields["Body"] = message.token
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": RequestValidator(SECRET).compute_signature(url, fields),
            "i-twilio-idempotency-token": message.token,
        }
        async with self._http.post(url, data=urlencode(fields), headers=headers) as answer:
            await answer.read()

    async def _records(self) -> None:
        producer = Producer(KafkaSettings(bootstrap=self._target["kafka"]), client_id="flood")
        await producer.start()
        partitions = await producer.partitions(INBOUND)
        while True:
            messages = [a_message(self._target["tenant"]) for _ in range(RECORDS)]
            await producer.send_all(
                Outgoing(
                    INBOUND,
                    key_hash(m.phone) % partitions,
                    m.phone.encode(),
                    json.dumps(m.keyed()).encode(),
                    [("ce_id", m.token.encode())],
                )
                for m in messages
            )
            self._count(RECORDS)
            await asyncio.sleep(0.1)

    async def _stream(self) -> None:
        url = f"{self._target['sla']}/v1/sla/stream"
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._http.get(url, headers=self._headers, timeout=timeout) as answer:
            async for _ in answer.content:
                self._count()
        await asyncio.sleep(0.2)

    async def _bad_credential(self) -> None:
        url = f"{self._target['interactions']}/v1/changes"
        async with self._http.get(url, headers={"authorization": "Bearer tl_test_bad"}) as answer:
            await answer.read()

    async def _post(self, path: str, body: dict[str, object]) -> dict[str, str]:
        url = f"{self._target['interactions']}{path}"
        async with self._http.post(url, json=body, headers=self._headers) as answer:
            found: dict[str, str] = await answer.json(content_type=None)
            return found


async def main(order: dict[str, str]) -> None:
    flood = Flood(order)
    await flood.run(order["kind"])


if __name__ == "__main__":
    os.nice(ALMOST_NICE)
    asyncio.run(main(json.loads(sys.argv[1])))
