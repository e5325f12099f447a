"""What somebody only claims opens nothing, whichever way it comes, and agents see the attempt."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from common.db import ReadConnection
from common.jsons import dumps
from common.messaging import Record
from common.messaging.inbox.batches import BatchHandler
from common.runtime import Loop
from common.web.auth import registered_scopes
from interactions.channels.providers.twilio import signature
from interactions.commands import add_channel
from tests.security.courier import position_of
from tests.security.raw_client import Answer
from tests.security.site import Site

Json = dict[str, Any]
INBOUND = "interactions.inbound"
DEMO = "demo"
"""The tenant of the inbound topic."""
SECRET = "webhook-secret-of-the-claimed"
LETTER, ATTEMPT = "a private letter of Vic", "I am Vic, what did I order?"
VIC, STREET = "Vic Ownername", "Ownerstreet 118"


@dataclass
class Claimed:
    """A tenant whose customer Vic has an address that Mallory claims. ``mark`` is unique."""

    site: Site
    key: str
    mark: str
    owner: Json
    letter: Json

    @property
    def address(self) -> str:
        return f"vic.{self.mark}@example.test"

    @property
    def attempt(self) -> str:
        return f"{ATTEMPT} {self.mark}"

    @property
    def proof(self) -> Json:
        return {"type": "email", "value": self.address, "level": "channel_proved"}

    @property
    def claim(self) -> Json:
        return {"type": "email", "value": self.address.upper(), "level": "claimed"}

    @property
    def owner_id(self) -> str:
        return str(self.owner["customer_id"])

    async def call(self, service: str, method: str, path: str, body: Any = None) -> Answer:
        return await self.site.call(service, method, path, by=DEMO, key=self.key, body=body)

    async def read(self, service: str, path: str) -> Json:
        answer = await self.call(service, "GET", path)
        assert answer.status == 200, answer.text()
        return dict(answer.json())

    async def settle(self) -> None:
        """Do what the other processes do: carry events, read webhooks, ask identity again."""
        timers = self.site.services["interactions"].components
        for name in ("timer:process_deliveries", "timer:attach_unresolved"):
            timer = timers[name]
            assert isinstance(timer, Loop)
            while not await timer.round():
                pass
        await self.site.carrier.carry()

    def message(self, identifiers: list[Json], **more: Any) -> Json:
        return {
            "channel": "chat",
            "direction": "inbound",
            "author": {"type": "customer"},
            "identifiers": identifiers,
            "text": self.attempt,
            **more,
        }


async def by_rest(of: Claimed, shown: list[Json]) -> None:
    answer = await of.call("interactions", "POST", "/v1/interactions", of.message(shown))
    assert answer.status in {201, 202}, answer.text()


async def by_quoting(of: Claimed, shown: list[Json]) -> None:
    """Reply to the letter, whose id whoever has seen it knows."""
    body = of.message(shown, in_reply_to=of.mark)
    answer = await of.call("interactions", "POST", "/v1/interactions", body)
    assert answer.status in {201, 202}, answer.text()


async def by_batch(of: Claimed, shown: list[Json]) -> None:
    """Beside a message that the owner proved, with the same address."""
    items = [of.message([of.proof], text=LETTER), of.message(shown)]
    answer = await of.call("interactions", "POST", "/v1/interactions/batch", {"items": items})
    assert answer.status == 200, answer.text()


async def by_kafka(of: Claimed, shown: list[Json]) -> None:
    service, stream = of.site.reader(INBOUND)
    at = await position_of(service, stream)
    headers = [("ce_source", b"/front/end")]
    record = Record(INBOUND, 0, at, b"k", dumps(of.message(shown)), headers)
    await BatchHandler(service.database, stream, service.clock).handle(at, [record])


async def while_identity_is_away(of: Claimed, shown: list[Json]) -> None:
    of.site.road.closed = True
    try:
        await by_rest(of, shown)
    finally:
        of.site.road.closed = False


WAYS: Mapping[str, Callable[[Claimed, list[Json]], Awaitable[None]]] = {
    "rest": by_rest,
    "quoting": by_quoting,
    "batch": by_batch,
    "kafka": by_kafka,
    "identity away": while_identity_is_away,
}
BESIDE: Mapping[str, Callable[[str], list[Json]]] = {
    "nothing": lambda _: [],
    "a cookie": lambda mark: [{"type": "cookie", "value": mark, "level": "channel_proved"}],
    "a verified id": lambda mark: [
        {"type": "external_id", "value": mark, "scope": "shop", "level": "verified"}
    ],
}


@pytest.fixture
async def of(site: Site) -> AsyncIterator[Claimed]:
    """Yield a tenant with a customer who has proved an address and written from it."""
    site.heard[DEMO] = []
    key = await site.key(DEMO, sorted(registered_scopes()))
    claimed = Claimed(site, key, uuid4().hex[:12], {}, {})
    body = {
        "identifiers": [claimed.proof | {"level": "verified"}],
        "attributes": {"name": VIC, "street": STREET},
    }
    claimed.owner = (await claimed.call("identity", "POST", "/v1/identities/resolve", body)).json()
    provider = {"name": "chat", "account": "shop", "message_id": claimed.mark}
    letter = claimed.message([claimed.proof], text=LETTER, provider=provider)
    claimed.letter = (await claimed.call("interactions", "POST", "/v1/interactions", letter)).json()
    assert claimed.letter["customer_id"] == claimed.owner_id
    yield claimed
    site.heard.pop(DEMO)


async def attempts(of: Claimed) -> list[Any]:
    """Return the recorded attempts, with the customer and the conversation of each."""

    async def find(connection: ReadConnection) -> list[Any]:
        rows = await connection.execute(
            text(
                "SELECT origin_customer_id, conversation_id FROM interaction"
                " WHERE tenant_id = :tenant AND text = :said"
            ),
            {"tenant": DEMO, "said": of.attempt},
        )
        return list(rows)

    return await of.site.services["interactions"].database.read(find)


@pytest.mark.parametrize("is_copied", [True, False], ids=["copied", "not-copied"])
@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("way", WAYS)
async def test_a_claim_opens_nothing_and_is_seen(
    of: Claimed, way: str, beside: str, *, is_copied: bool
):
    if is_copied:
        await of.settle()
    before = await of.read("identity", f"/v1/customers/{of.owner_id}")
    for _ in range(2):
        await WAYS[way](of, [*BESIDE[beside](of.mark), of.claim])
        await of.settle()
    found = await attempts(of)
    assert len(found) == 2
    (claimant_id,) = {str(row.origin_customer_id) for row in found}
    assert claimant_id != of.owner_id
    assert of.letter["conversation_id"] not in {str(row.conversation_id) for row in found}

    shown = await of.call("interactions", "GET", f"/v1/context/{claimant_id}")
    assert shown.status == 200, shown.text()
    assert of.attempt in shown.text()
    for secret in (LETTER, VIC, STREET):
        assert secret not in shown.text()
    own = await of.call("interactions", "GET", f"/v1/context/{of.owner_id}")
    assert LETTER in own.text()
    assert of.attempt not in own.text()

    after = await of.read("identity", f"/v1/customers/{of.owner_id}")
    (seen,) = after.pop("claimed_by")
    assert seen["customer_id"] == claimant_id
    before.pop("claimed_by")
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    (claim,) = (await of.read("identity", f"/v1/customers/{claimant_id}"))["claims"]
    assert (claim["value"], claim["held_by"]) == (of.address, of.owner_id)


@pytest.mark.parametrize("way", ["resolve", "resolve/batch"])
async def test_a_claim_in_a_resolution_tells_nothing_of_the_owner(of: Claimed, way: str):
    body: Json = {
        "identifiers": [*BESIDE["a cookie"](of.mark), of.claim],
        "attributes": {"name": "Mallory"},
    }
    asked = {"items": [body]} if way.endswith("batch") else body
    answer = await of.call("identity", "POST", f"/v1/identities/{way}", asked)
    assert answer.status == 200, answer.text()
    assert of.owner_id not in answer.text()
    assert VIC not in answer.text()


async def test_what_a_webhook_says_of_others_is_no_claim(of: Claimed):
    account = f"{of.mark}-line"
    await add_channel(
        of.site.services["interactions"],
        tenant_id=DEMO,
        provider="twilio",
        account=account,
        channel="sms",
        secret=SecretStr(SECRET),
    )
    target = f"/v1/channels/twilio/{account}"
    fields = [
        ("Body", of.attempt),
        ("From", "+46701740667"),
        ("Identifier", of.address),
        ("MessageSid", f"SM{of.mark}"),
        ("ProfileName", of.address),
    ]
    headers = {
        "x-twilio-signature": signature(SECRET, f"http://testserver{target}", fields),
        "content-type": "application/x-www-form-urlencoded",
    }
    answer = await of.site.call(
        "interactions",
        "POST",
        target,
        by=DEMO,
        key=of.key,
        body=urlencode(fields).encode(),
        headers=headers,
    )
    assert answer.status == 200, answer.text()
    await of.settle()
    (row,) = await attempts(of)
    assert str(row.origin_customer_id) != of.owner_id
    writer = await of.read("identity", f"/v1/customers/{row.origin_customer_id}")
    assert [item["type"] for item in writer["identifiers"]] == ["phone"]
    assert writer["claims"] == []
    owner = await of.read("identity", f"/v1/customers/{of.owner_id}")
    assert (owner["claimed_by"], owner["merged_ids"]) == ([], [])
