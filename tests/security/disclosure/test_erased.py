"""An erased person is in no table, no log and no answer, and no repetition brings them back.

The person is met over every way in, and every way in is tried again afterwards.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from pydantic import SecretStr

from common.jsons import dumps
from common.messaging import Record
from common.messaging.inbox.batches import BatchHandler
from common.runtime import Loop
from common.web.auth import registered_scopes
from devstack.testing.observation.searching import tables_with
from interactions.channels.providers.twilio import signature
from interactions.commands import add_channel
from sla.clocks.timers.due_clocks import DueClocks
from tests.security.courier import position_of
from tests.security.operations import READING
from tests.security.raw_client import Answer
from tests.security.site import Site

Json = dict[str, Any]
INBOUND = "interactions.inbound"
SECRET = "webhook-secret-of-the-forgetful"
NUMBER = "+493077770369"
PERSONAL = {
    "email": "erika.erased@example.test",
    "phone": NUMBER.removeprefix("+"),
    "spelling": "30 7777 0369",
    "name": "Erika Erasedname",
    "street": "Erasedstreet 118",
    "birth date": "1961-02-03",
    "number": "ERASED-20417",
    "cookie": "ck-erased-118",
    "text": "erased words said in confidence",
}
IDENTIFIERS: list[Json] = [
    {"type": "email", "value": "Erika.Erased@Example.test", "level": "verified"},
    {"type": "phone", "value": "+49 30 7777 0369", "level": "channel_proved"},
    {"type": "external_id", "value": PERSONAL["number"], "scope": "crm", "level": "verified"},
    {"type": "cookie", "value": PERSONAL["cookie"], "level": "channel_proved"},
]


@dataclass
class Forgetful:
    """A tenant, and what everybody was answered since the last look."""

    site: Site
    tenant: str
    key: str
    account: str
    customers: set[str] = field(default_factory=set)

    async def call(
        self, service: str, method: str, target: str, body: Any = None, **more: Any
    ) -> Answer:
        return await self.site.call(
            service, method, target, by=self.tenant, key=self.key, body=body, **more
        )

    async def met(self, answer: Answer) -> str:
        assert answer.status in {200, 201}, answer.text()
        customer_id = str(answer.json()["customer_id"])
        self.customers.add(customer_id)
        return customer_id

    async def settle(self) -> None:
        """Do what the other processes do: carry events, read webhooks, fire clocks, erase."""
        interactions, sla = self.site.services["interactions"], self.site.services["sla"]
        await self.site.carrier.carry()
        deliveries, clocks = (
            interactions.components["timer:process_deliveries"],
            sla.components["timer:due_clocks"],
        )
        assert isinstance(deliveries, Loop)
        assert isinstance(clocks, DueClocks)
        while not await deliveries.round():
            pass
        await self.site.carrier.carry()
        await clocks.tick()
        await self.site.carrier.carry()
        await self.site.erase()

    async def left(self) -> Mapping[str, Any]:
        """Return where anything of the person is: tables, answers, log and metrics."""
        values = list(PERSONAL.values())
        found: dict[str, Any] = {
            name: tables
            for name, service in self.site.services.items()
            if (tables := await tables_with(service.database, values))
        }
        said = (
            "\n".join(self.site.heard[self.tenant]),
            self.site.take_log(),
            await self.site.metrics(),
        )
        for where, text in zip(("answers", "log", "metrics"), said, strict=True):
            if shown := [value for value in values if value.lower() in text.lower()]:
                found[where] = shown
        return found


def message(way: str, **more: Any) -> Json:
    """Return an interaction; its provider's id is the same whenever it is reported."""
    return {
        "channel": "chat",
        "direction": "inbound",
        "author": {"type": "customer", "id": PERSONAL["email"], "name": PERSONAL["name"]},
        "identifiers": IDENTIFIERS[:2],
        "subject": PERSONAL["text"],
        "text": PERSONAL["text"],
        "provider": {"name": "chat", "account": "shop", "message_id": f"erased-{way}"},
        **more,
    }


async def by_rest(of: Forgetful) -> None:
    await of.call("interactions", "POST", "/v1/interactions", message("rest"))


async def by_batch(of: Forgetful) -> None:
    items = [message("batch"), message("cookie", identifiers=IDENTIFIERS)]
    await of.call("interactions", "POST", "/v1/interactions/batch", {"items": items})


async def by_kafka(of: Forgetful) -> None:
    service, stream = of.site.inbound_of(of.tenant)
    at = await position_of(service, stream)
    headers = [("ce_source", b"/front/end"), ("ce_tenantid", of.tenant.encode())]
    record = Record(INBOUND, 0, at, b"k", dumps(message("kafka")), headers)
    await BatchHandler(service.database, stream, service.clock).handle(at, [record])


async def by_webhook(of: Forgetful) -> None:
    target = f"/v1/channels/twilio/{of.account}"
    fields = [("Body", PERSONAL["text"]), ("From", NUMBER), ("MessageSid", "SM-erased")]
    headers = {
        "x-twilio-signature": signature(SECRET, f"http://testserver{target}", fields),
        "content-type": "application/x-www-form-urlencoded",
    }
    form = urlencode(fields).encode()
    answer = await of.call("interactions", "POST", target, form, headers=headers)
    assert answer.status == 200, answer.text()


async def by_resolving(of: Forgetful) -> None:
    attributes = {
        "name": PERSONAL["name"],
        "street": PERSONAL["street"],
        "birth_date": PERSONAL["birth date"],
    }
    for identifiers in (IDENTIFIERS, IDENTIFIERS[:1], IDENTIFIERS[1:2], IDENTIFIERS[2:]):
        body = {"identifiers": identifiers, "attributes": attributes, "source": "crm"}
        keyed = {"idempotency-key": uuid4().hex}
        await of.call("identity", "POST", "/v1/identities/resolve", body, headers=keyed)
        batch = {"items": [body]}
        await of.call("identity", "POST", "/v1/identities/resolve/batch", batch, headers=keyed)


async def by_backfill(of: Forgetful) -> None:
    """Import what an archive has, with the times of then."""
    then = of.site.services["identity"].clock.now() - timedelta(days=400)
    dated = {"occurred_at": then.isoformat()}
    items = [message(f"archive-{place}", **dated) for place in range(3)]
    await of.call("interactions", "POST", "/v1/interactions/batch", {"items": items})
    body = {
        "identifiers": IDENTIFIERS,
        "attributes": {"name": PERSONAL["name"]},
        "observed_at": then.isoformat(),
    }
    await of.call("identity", "POST", "/v1/identities/resolve", body)


WAYS: Mapping[str, Callable[[Forgetful], Awaitable[None]]] = {
    "rest": by_rest,
    "batch": by_batch,
    "kafka": by_kafka,
    "webhook": by_webhook,
    "resolving": by_resolving,
    "backfill": by_backfill,
}


@pytest.fixture
async def of(site: Site) -> AsyncIterator[Forgetful]:
    """Yield a tenant to whom the person came in every way, as a customer with a past."""
    tenant = f"forgetful{uuid4().hex[:8]}"
    site.heard[tenant] = []
    key = await site.key(tenant, sorted(registered_scopes()))
    forgetful = Forgetful(site, tenant, key, f"{tenant}-line")
    await add_channel(
        site.services["interactions"],
        tenant_id=tenant,
        provider="twilio",
        account=forgetful.account,
        channel="sms",
        secret=SecretStr(SECRET),
    )
    policy = {
        "name": f"{uuid4()}",
        "position": uuid4().int % 1_000_000,
        "targets": [{"metric": "first_response", "seconds": 60}],
    }
    await forgetful.call("sla", "POST", "/v1/sla/policies", policy)
    yield forgetful
    site.heard.pop(tenant)


async def live(of: Forgetful) -> str:
    """Let the person come in every way, be merged, claimed and put into groups; return the id."""
    cookie = {"identifiers": IDENTIFIERS[3:], "attributes": {"street": PERSONAL["street"]}}
    visit = await of.met(await of.call("identity", "POST", "/v1/identities/resolve", cookie))
    for way in WAYS.values():
        await way(of)
        await of.settle()
    known = {"identifiers": IDENTIFIERS[:1], "create": False}
    answer = await of.call("identity", "POST", "/v1/identities/resolve", known)
    customer_id = await of.met(answer)
    merge = {"source_id": visit, "target_id": customer_id, "reason": PERSONAL["name"]}
    keyed = {"idempotency-key": uuid4().hex}
    await of.call("identity", "POST", "/v1/merges", merge, headers=keyed)
    stranger = [
        {"type": "cookie", "value": "ck-stranger", "level": "channel_proved"},
        IDENTIFIERS[0] | {"level": "claimed"},
    ]
    body = {"identifiers": stranger}
    await of.call("identity", "POST", "/v1/identities/resolve", body)
    for number in ("1", "2"):
        group = {
            "external_id": {"source": "crm", "id": f"home-{number}"},
            "kind": "household",
            "contact_points": [{"type": "email", "value": IDENTIFIERS[0]["value"]}],
        }
        saved = await of.call("identity", "PUT", "/v1/groups", group)
        path = f"/v1/groups/{saved.json()['group_id']}/members/{customer_id}"
        await of.call("identity", "PUT", path, {"role": "parent"})
    await of.settle()
    return customer_id


async def read_all(of: Forgetful, customer_id: str) -> None:
    """Ask every reading operation for the person, and the person's identifiers for a context."""
    for operation in READING:
        target = operation.path.replace("{customer_id}", customer_id)
        if "{" not in target:
            await of.call(operation.service, operation.method, target, wait_for=b"retry")
    for identifier in IDENTIFIERS:
        shown = {name: identifier[name] for name in ("type", "value")}
        shown["scope"] = identifier.get("scope")
        asked = {"identifier": shown}
        await of.call("interactions", "POST", "/v1/context/lookup", asked)


async def test_nothing_of_an_erased_person_is_left_and_nothing_brings_them_back(of: Forgetful):
    customer_id = await live(of)
    assert set(await of.left()) >= {"identity", "interactions", "answers"}
    erase = {"customer_id": customer_id, "reason": "asked"}
    answer = await of.call("identity", "POST", "/v1/erasures", erase)
    assert answer.status == 202, answer.text()
    erasure_id = answer.json()["erasure_id"]
    await of.settle()
    of.site.heard[of.tenant].clear()
    path = f"/v1/erasures/{erasure_id}"
    assert (await of.call("identity", "GET", path)).json()["state"] == "complete"
    receipt = (await of.call("identity", "GET", f"{path}/receipt")).json()["receipt"]
    assert {report["service"] for report in receipt["services"]} == set(of.site.services)
    assert all(
        report["kafka_records_expire_at"] > report["completed_at"] for report in receipt["services"]
    )
    await read_all(of, customer_id)
    assert await of.left() == {}
    for name, way in WAYS.items():
        await way(of)
        await of.settle()
        assert await of.left() == {}, name
    await read_all(of, customer_id)
    assert await of.left() == {}


async def test_a_sign_up_makes_the_person_a_customer_again_and_nothing_of_before_returns(
    of: Forgetful,
):
    customer_id = await live(of)
    erase = {"customer_id": customer_id, "reason": "asked"}
    await of.call("identity", "POST", "/v1/erasures", erase)
    await of.settle()
    shown = [{name: i.get(name) for name in ("type", "value", "scope")} for i in IDENTIFIERS]
    signed = await of.call("identity", "POST", "/v1/sign-ups", {"identifiers": shown})
    assert signed.json()["lifted"] == len(IDENTIFIERS)
    answer = await of.call("interactions", "POST", "/v1/interactions", message("back"))
    back = await of.met(answer)
    assert back != customer_id
    await of.settle()
    context = (await of.call("interactions", "GET", f"/v1/context/{back}")).json()
    assert len(context["conversations"]) == 1
    await of.call("identity", "POST", "/v1/erasures", {**erase, "customer_id": back})
    await of.settle()
    of.site.heard[of.tenant].clear()
    of.site.take_log()
    assert await of.left() == {}
