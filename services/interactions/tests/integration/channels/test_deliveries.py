"""A provider's webhook, from the signed call to the recorded interaction."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from twilio.request_validator import RequestValidator

from common.errors import ConflictError
from interactions.channels.http.state import ChannelsState
from interactions.channels.kit.sealing import Sealer, new_key
from interactions.channels.providers.twilio import Twilio
from interactions.channels.timers.process_deliveries import ProcessDeliveries
from interactions.channels.usecases.add_channel_account import (
    AddChannelAccount,
    add_channel_account,
    binding,
)
from interactions.channels.usecases.deliveries import RedriveDeliveries, redrive_deliveries
from interactions.commands import add_channel
from interactions.history import Deadline, Identifier
from interactions.history.http.state import HistoryState

SECRET = "12345678901234567890123456789012"
ACCOUNT = "+15005550006"
URL = f"http://testserver/v1/channels/twilio/{ACCOUNT}"
MESSAGE = {
    "MessageSid": "SM1f0e8ae6ade43cb3c0ce4525424e404f",
    "SmsStatus": "received",
    "From": "+442079460018",
    "To": ACCOUNT,
    "Body": "Where is my order & when? ü",
    "NumMedia": "0",
    "FromCountry": "GB",
}


@pytest.fixture
async def api(api):
    await add(api, "demo", ACCOUNT)
    return api


async def add(api, tenant_id, account, *, sealer=None):
    sealer = sealer or api.service.api.state.threadline.parts[ChannelsState].sealer
    sealed = sealer.seal(SECRET, bound_to=binding("twilio", account, tenant_id))
    command = AddChannelAccount(tenant_id, "twilio", account, "sms", sealed)
    await api.run(add_channel_account, command, now=api.service.clock.now())


async def send(api, fields=MESSAGE, *, url=URL, secret=SECRET, signed_url=None, **headers):
    signature = RequestValidator(secret).compute_signature(signed_url or url, fields)
    sent = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature,
        "i-twilio-idempotency-token": "token-1",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.client.post(url, content=urlencode(fields), headers=sent)


async def test_a_text_message_becomes_an_interaction_of_its_customer(api):
    answer = await send(api)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert b"<Response/>" in answer.content
    assert not await api.rows("SELECT 1 FROM interaction")
    assert await api.tick("process_deliveries")
    [row] = await api.rows("SELECT * FROM interaction")
    assert row.text == "Where is my order & when? ü"
    assert row.origin_customer_id == api.identity.customer("+442079460018")
    assert row.identifiers[0]["level"] == "channel_proved"
    assert row.time_source == "received"
    [delivery] = await api.rows("SELECT * FROM raw_delivery")
    assert delivery.state == "processed"
    assert row.received_at == delivery.received_at == row.occurred_at
    assert not await api.tick("process_deliveries")


async def test_a_repeated_call_is_stored_once_and_a_repeated_message_recorded_once(api):
    for token in ("token-1", "token-1", "token-2"):
        assert (await send(api, i_twilio_idempotency_token=token)).status_code == 200
    assert (await send(api, MESSAGE | {"ApiVersion": "2"})).status_code == 200
    assert len(await api.rows("SELECT 1 FROM raw_delivery")) == 2
    await api.tick("process_deliveries")
    assert len(await api.rows("SELECT 1 FROM interaction")) == 1
    states = await api.rows("SELECT state FROM raw_delivery")
    assert [row.state for row in states] == ["processed"] * 2


async def test_the_signature_covers_the_public_url_with_or_without_its_port(api):
    answer = await send(api, signed_url=URL.replace("testserver", "testserver:80"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "another"},
        {"signed_url": URL + "?x=1"},
        {"signed_url": URL.replace("http:", "https:")},
        {"signed_url": URL + "/"},
        {"url": "http://testserver/v1/channels/twilio/nobody"},
        {"url": f"http://testserver/v1/channels/nobody/{ACCOUNT}"},
        {"x_twilio_signature": ""},
        {"x_twilio_signature": "v1,"},
        {"x_forwarded_proto": "https", "signed_url": URL.replace("http:", "https:")},
    ],
)
async def test_every_wrong_signature_gets_the_same_401(api, change):
    answer = await send(api, **change)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "invalid signature"
    assert not await api.rows("SELECT 1 FROM raw_delivery")


async def test_two_signatures_are_refused(api):
    good = RequestValidator(SECRET).compute_signature(URL, MESSAGE)
    for order in ((good, "bad"), ("bad", good)):
        answer = await api.client.post(
            URL,
            content=urlencode(MESSAGE),
            headers=[
                ("content-type", "application/x-www-form-urlencoded"),
                *(("x-twilio-signature", value) for value in order),
            ],
        )
        assert answer.status_code == 401


async def test_a_changed_body_is_refused(api):
    signature = RequestValidator(SECRET).compute_signature(URL, MESSAGE)
    answer = await send(api, MESSAGE | {"Body": "pay me"}, x_twilio_signature=signature)
    assert answer.status_code == 401


async def test_an_account_whose_secret_cannot_be_opened_fails_closed(api):
    await add(api, "demo", "+1500", sealer=Sealer({"gone": SecretStr(new_key())}, "gone"))
    answer = await send(api, url="http://testserver/v1/channels/twilio/+1500")
    assert answer.status_code == 401


async def test_an_unreadable_delivery_is_quarantined_and_can_be_redriven(api):
    broken = {name: value for name, value in MESSAGE.items() if name != "MessageSid"}
    assert (await send(api, broken)).status_code == 200
    await api.tick("process_deliveries")
    [row] = await api.rows("SELECT * FROM raw_delivery")
    assert (row.state, row.reason) == ("quarantined", "no_message_id")
    count = await api.run(
        redrive_deliveries, RedriveDeliveries("demo"), now=api.service.clock.now()
    )
    assert count == 1
    await api.tick("process_deliveries")
    [row] = await api.rows("SELECT * FROM raw_delivery")
    assert row.state == "quarantined"


async def test_a_status_report_makes_no_interaction(api):
    report = {"MessageSid": "SM2", "MessageStatus": "delivered", "From": ACCOUNT, "To": "+44"}
    await send(api, report)
    await api.tick("process_deliveries")
    [row] = await api.rows("SELECT state FROM raw_delivery")
    assert row.state == "processed"
    assert not await api.rows("SELECT 1 FROM interaction")


async def test_a_sender_that_identity_refuses_is_kept_unresolved(api):
    api.identity.refused.add("BANK")
    await send(api, MESSAGE | {"From": "BANK"})
    await api.tick("process_deliveries")
    [row] = await api.rows("SELECT * FROM unresolved")
    assert row.refused is not None
    assert not await api.tick("attach_unresolved")


async def test_deliveries_are_recorded_while_identity_is_down(api):
    api.identity.away = True
    await send(api)
    await api.tick("process_deliveries")
    [row] = await api.rows("SELECT state FROM raw_delivery")
    assert row.state == "processed"
    assert len(await api.rows("SELECT 1 FROM unresolved")) == 1


async def test_stored_deliveries_hold_the_watermark(api):
    from interactions.channels.store.deliveries import HELD_SINCE

    await send(api)
    [held] = await api.rows(HELD_SINCE)
    [row] = await api.rows("SELECT received_at FROM raw_delivery")
    assert held[0] == row.received_at
    await api.tick("process_deliveries")
    [held] = await api.rows(HELD_SINCE)
    assert held[0] is None


async def test_one_delivery_that_cannot_be_recorded_does_not_stop_the_others(api):
    class Broken(Twilio):
        def read(self, delivery):
            if b"SMbad" in delivery.body:
                raise RuntimeError("a bug")
            return super().read(delivery)

    process = processing(api, Broken())
    for n, sid in enumerate(("SM1", "SMbad", "SM2")):
        await send(api, MESSAGE | {"MessageSid": sid}, i_twilio_idempotency_token=f"t{n}")
    await process()
    rows = await api.rows("SELECT state, reason FROM raw_delivery ORDER BY received_at")
    assert [row.state for row in rows] == ["processed", "quarantined", "processed"]
    assert rows[1].reason == "parser_failed: RuntimeError"
    await api.run(redrive_deliveries, RedriveDeliveries("demo"), now=api.service.clock.now())
    await api.tick("process_deliveries")
    assert len(await api.rows("SELECT 1 FROM interaction")) == 3


async def test_a_sender_that_cannot_be_looked_up_does_not_stop_the_others(api):
    class Careless(Twilio):
        def read(self, delivery):
            drafts = super().read(delivery)
            if b"SMbad" not in delivery.body:
                return drafts
            return [replace(draft, identifiers=(Identifier("phone", "\0"),)) for draft in drafts]

    process = processing(api, Careless())
    for n, sid in enumerate(("SM1", "SMbad", "SM2")):
        await send(api, MESSAGE | {"MessageSid": sid}, i_twilio_idempotency_token=f"t{n}")
    await process()
    rows = await api.rows("SELECT state, reason FROM raw_delivery ORDER BY received_at")
    assert [row.state for row in rows] == ["processed", "quarantined", "processed"]
    assert rows[1].reason.startswith("recording_failed: ")


def processing(api, adapter):
    return ProcessDeliveries(
        api.service.database,
        api.service.api.state.threadline.parts[HistoryState].resolver,
        {"twilio": adapter},
        clock=api.service.clock,
        deadline=Deadline(1.0, 0.0),
        window=api.service.settings.thread_window,
    )


async def test_a_delivery_that_kills_its_process_is_quarantined(api):
    await send(api)
    await api.run(_claimed_often)
    await api.tick("process_deliveries")
    [row] = await api.rows("SELECT state, reason FROM raw_delivery")
    assert (row.state, row.reason) == ("quarantined", "too_many_attempts")


async def _claimed_often(tx):
    await tx.execute(text("UPDATE raw_delivery SET attempts = 5"))


async def test_an_account_cannot_be_taken_over_by_another_tenant(api):
    with pytest.raises(ConflictError):
        await add(api, "other", ACCOUNT)


async def test_the_operator_command_adds_an_account(api):
    await add_channel(
        api.service,
        tenant_id="demo",
        provider="twilio",
        account="second",
        channel="sms",
        secret=SecretStr(SECRET),
    )
    answer = await send(api, url="http://testserver/v1/channels/twilio/second")
    assert answer.status_code == 200
