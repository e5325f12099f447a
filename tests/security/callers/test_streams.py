"""Live streams and their replays carry each tenant's own alerts only."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from common.db import Transaction
from common.jsons import dumps_text
from devstack.testing.wait import until
from sla.alerts.store import alerts
from sla.alerts.store.alerts import NewAlert
from sla.clocks.events.published import ClockBreachedV1
from tests.security.naming import Tenant
from tests.security.site import Site


async def test_alphas_event_ids_show_beta_only_its_own_alerts(
    site: Site, alpha: Tenant, beta: Tenant
):
    alphas = await _stream(site, alpha, "0")
    ids = [line.removeprefix("id: ") for line in alphas.splitlines() if line.startswith("id: ")]
    assert ids
    assert alpha["conversation_id"] in alphas
    for place in ("0", ids[0], ids[-1]):
        assert alpha["conversation_id"] not in await _stream(site, beta, place)
    assert beta["conversation_id"] in await _stream(site, beta, "0")


@pytest.mark.parametrize(
    "place", ["-1", "1.5", "abc", "9" * 19, "9" * 300, "\u00b2", "1\u00b9", "' OR 1=1"]
)
async def test_an_unknown_last_event_id_is_refused(place: str, site: Site, alpha: Tenant):
    answer = await site.call(
        "sla", "GET", "/v1/sla/stream", by=alpha.name, key=alpha.key,
        headers={"last-event-id": place}, wait_for=b"retry",
    )  # fmt: skip
    assert (answer.status, answer.is_problem()) == (400, True)


async def _stream(site: Site, who: Tenant, place: str) -> str:
    headers = {"last-event-id": place}
    answer = await site.call(
        "sla", "GET", "/v1/sla/stream", by=who.name, key=who.key, headers=headers, wait_for=b"retry"
    )
    assert answer.status == 200
    return answer.body.decode().replace("\r", "")


async def test_a_live_stream_carries_its_own_tenants_alerts(
    site: Site, alpha: Tenant, beta: Tenant
):
    streams = site.services["sla"].api.state.threadline.streams
    listening = asyncio.create_task(_next_alert(site, beta))
    await until(lambda: streams._open.total() == 1)
    breaches = [
        NewAlert(of.name, "sla.clock.breached", _body(of["conversation_id"]))
        for of in (alpha, beta)
    ]
    await site.services["sla"].database.run(_add, breaches)
    heard = await listening
    assert beta["conversation_id"] in heard
    assert alpha["conversation_id"] not in heard


def _body(conversation_id: str) -> str:
    known = {"sequence": 1, "occurred_at": "2026-11-23T10:00:00.000000Z"}
    breach = ClockBreachedV1.example().model_dump()
    return dumps_text(breach | known | {"conversation_id": conversation_id})


async def _next_alert(site: Site, who: Tenant) -> str:
    given: dict[str, Any] = {"by": who.name, "key": who.key, "wait_for": b"event:"}
    return (await site.call("sla", "GET", "/v1/sla/stream", **given)).body.decode()


async def _add(tx: Transaction, breaches: list[NewAlert], *, now: datetime | None = None) -> None:
    await alerts.insert_alerts(tx, breaches)
