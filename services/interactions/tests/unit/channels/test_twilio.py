"""Twilio's signatures, compared with its own library, and how its messages are read."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from devstack.testing.observation.budgets import cpu_units
from interactions.channels.kit.adapter import Delivery, Signed, UnreadableError
from interactions.channels.providers.twilio import Twilio, signature
from services.interactions.tests.factories import NOON

SECRET = "12345678901234567890123456789012"
URL = "https://hooks.example.test/v1/channels/twilio/main"
FORM = ("content-type", "application/x-www-form-urlencoded")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = st.from_regex("[A-Za-z0-9_]{1,10}", fullmatch=True)


class Many(dict):
    """Lets the vendor's library see repeated keys."""

    def getall(self, name):
        return self[name]


@given(st.dictionaries(NAMES, st.lists(TEXT, min_size=1, max_size=3), max_size=6))
def test_our_signature_equals_that_of_twilios_library(fields):
    pairs = [(name, value) for name, values in fields.items() for value in values]
    theirs = RequestValidator(SECRET).compute_signature(URL, Many(fields))
    assert signature(SECRET, URL, pairs) == theirs
    call = Signed(URL, [FORM, ("x-twilio-signature", theirs)], urlencode(pairs).encode())
    assert Twilio().is_genuine(call, SECRET)
    assert not Twilio().is_genuine(call, "x" + SECRET[1:])


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        (URL, URL),
        (URL.replace(".test/", ".test:443/"), URL),
        (URL, URL.replace(".test/", ".test:443/")),
        (URL.replace(".test/", ".test:8443/"), URL.replace(".test/", ".test:8443/")),
        (URL, URL.replace(".test/", ".test:8443/")),
        (f"{URL}?b=1&a=%20x", f"{URL}?b=1&a=%20x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
    ],
)
def test_the_signed_address_may_name_the_port_or_not(signed, called):
    given = RequestValidator(SECRET).compute_signature(signed, {"a": "b"})
    call = Signed(called, [FORM, ("x-twilio-signature", given)], b"a=b")
    assert Twilio().is_genuine(call, SECRET)


@pytest.mark.parametrize(
    "change",
    [
        {"url": URL + "/"},
        {"url": URL.replace("https", "http")},
        {"url": URL + "?a=b"},
        {"body": b"a=c"},
        {"body": b"a=b&c=d"},
        {"body": b""},
        {"body": b"%ff%fe"},
        {"headers": [FORM]},
        {"headers": [("content-type", "text/plain")]},
    ],
)
def test_an_altered_call_is_not_genuine(change):
    given = RequestValidator(SECRET).compute_signature(URL, {"a": "b"})
    values: dict[str, Any] = {
        "url": URL,
        "headers": [FORM, ("x-twilio-signature", given)],
        "body": b"a=b",
    }
    assert Twilio().is_genuine(Signed(**values), SECRET)
    assert not Twilio().is_genuine(Signed(**(values | change)), SECRET)


def test_a_json_body_is_covered_by_its_digest_in_the_url():
    body = '{"a": 1}'
    digest = RequestValidator(SECRET).compute_hash(body)
    url = f"{URL}?bodySHA256={digest}"
    given = RequestValidator(SECRET).compute_signature(url, {})
    headers = [("content-type", "application/json"), ("x-twilio-signature", given)]
    assert Twilio().is_genuine(Signed(url, headers, body.encode()), SECRET)
    assert not Twilio().is_genuine(Signed(url, headers, b'{"a": 2}'), SECRET)


def read(**fields):
    values = {"MessageSid": "SM1", "From": "+442079460018", "Body": "Hello"} | fields
    body = urlencode({name: value for name, value in values.items() if value is not None})
    return Twilio().read(Delivery("main", "sms", [FORM], body.encode(), NOON))


def test_a_message_is_read():
    [draft] = read(NumMedia="1", MediaUrl0="https://m.test/1", MediaContentType0="image/png")
    assert draft.channel == "sms"
    assert draft.text == "Hello"
    assert draft.occurred_at is None
    assert draft.provider.message_id == "SM1"
    assert draft.identifiers[0].level == "channel_proved"
    assert draft.attachments == [{"url": "https://m.test/1", "media_type": "image/png"}]


@pytest.mark.parametrize(
    ("sender", "kind", "value", "scope"),
    [
        ("whatsapp:+442079460018", "whatsapp", "+442079460018", None),
        ("whatsapp:US.1349", "whatsapp", "US.1349", "main"),
        ("messenger:1234567890", "messenger", "1234567890", "main"),
        ("rcs:+442079460018", "phone", "+442079460018", None),
    ],
)
def test_a_channel_before_the_sender_is_a_channel_of_its_own(sender, kind, value, scope):
    [draft] = read(From=sender)
    [identifier] = draft.identifiers
    assert draft.channel == sender.partition(":")[0]
    assert (identifier.type, identifier.value, identifier.scope) == (kind, value, scope)


def test_a_number_on_whatsapp_is_the_number_of_the_telephone():
    [by_whatsapp], [by_sms] = read(From="whatsapp:+442079460018"), read(From="+442079460018")
    assert by_whatsapp.identifiers[0].key == by_sms.identifiers[0].key


def test_the_region_of_the_account_reads_national_numbers():
    body = urlencode({"MessageSid": "SM1", "From": "020 7946 0018", "Body": "Hello"}).encode()
    [draft] = Twilio().read(Delivery("main", "sms", [FORM], body, NOON, "GB"))
    assert draft.identifiers[0].key == ("phone", "", "+442079460018")


def test_a_status_report_is_not_a_message():
    assert read(MessageStatus="delivered") == []


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_a_message_without_id_or_sender_is_unreadable(missing):
    with pytest.raises(UnreadableError):
        read(**{missing: None})


def test_long_base64_text_is_decoded_and_nothing_else():
    text = "A long text that came in the form of base64, which is rare."
    encoded = base64.b64encode(text.encode()).decode()
    assert read(Body=encoded)[0].text == text
    short = base64.b64encode(b"short").decode()
    assert read(Body=short)[0].text == short
    noise = base64.b64encode(bytes(range(128, 188))).decode()
    assert read(Body=noise)[0].text == noise
    words = "x" * 64
    assert read(Body=words)[0].text == words


@given(st.binary(max_size=200))
def test_any_body_is_read_or_unreadable(body):
    try:
        Twilio().read(Delivery("main", "sms", [FORM], body, NOON))
    except UnreadableError:
        return


@pytest.mark.parametrize("name", ["", "a b", "Body=", "Füße", "x" * 65])
def test_a_field_that_is_not_twilios_makes_no_genuine_call(name: str):
    fields = [(name, "x"), ("From", "+442079460018")]
    given = signature(SECRET, URL, fields)
    call = Signed(URL, [FORM, ("x-twilio-signature", given)], urlencode(fields).encode())
    assert not Twilio().is_genuine(call, SECRET)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (signature(SECRET, URL, []), True),
        ("A" * 27 + "=", True),
        ("", False),
        ("v1,", False),
        ("A" * 28, False),
        ("A" * 26 + "==", False),
        ("Ä" * 27 + "=", False),
    ],
)
def test_only_the_form_of_a_signature_is_asked_before_the_body(given: str, expected: bool):  # noqa: FBT001
    assert Twilio().looks_signed([FORM, ("x-twilio-signature", given)]) is expected


def test_the_dearest_body_without_a_genuine_signature_is_cheap():
    body = (b"a=" + b"%41" * 65_536)[: Twilio.max_bytes]
    call = Signed(URL, [FORM, ("x-twilio-signature", "A" * 27 + "=")], body)
    assert cpu_units(lambda: Twilio().is_genuine(call, SECRET)) < 8
