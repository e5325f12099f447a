"""Contacts that people share, and contacts that look alike: each person has conversations apart."""

import pytest

from common.ids import new_id
from services.interactions.tests.context_rows import created, project_customers
from services.interactions.tests.factories import a_body

PATH = "/v1/interactions"


def an_id(kind, value, scope=None, level="channel_proved"):
    return {"type": kind, "value": value, "scope": scope, "level": level}


SHARED = [
    ("phone", an_id("phone", "+442079460583")),
    ("sms", an_id("phone", "+44 20 7946 0583")),
    ("whatsapp", an_id("whatsapp", "442079460583")),
    ("email", an_id("email", "family@nordlys.test")),
    ("messenger", an_id("messenger", "77001", scope="page-1")),
]


@pytest.mark.parametrize(("channel", "shared"), SHARED, ids=[case[0] for case in SHARED])
@pytest.mark.parametrize("number", [("M", "C"), ("1001", "1002"), ("k-7q", "k-7Q")], ids=str)
async def test_mother_and_child_on_one_contact_have_two_conversations(api, channel, shared, number):
    people = [new_id(), new_id()]
    numbers = [an_id("external_id", each, scope="s", level="verified") for each in number]
    for person, own in zip(people, numbers, strict=True):
        api.identity.people["demo", "external_id", own["value"]] = person
        await project_customers(api, created(person, identifiers=[own | {"raw": None}]))
    said = [
        await api.post(PATH, a_body(channel=channel, identifiers=[own, shared], text=text))
        for text in ("first", "again")
        for own in numbers
    ]
    answers = [answer.json() for answer in said]
    assert [answer["customer_id"] for answer in answers] == 2 * [str(each) for each in people]
    mothers, childs, mothers_again, childs_again = [each["conversation_id"] for each in answers]
    assert (mothers, childs) == (mothers_again, childs_again)
    assert mothers != childs
    for person, conversation in zip(people, (mothers, childs), strict=True):
        body = (await api.get(f"/v1/context/{person}")).json()
        assert [each["conversation_id"] for each in body["conversations"]] == [conversation]


NOBODY = [
    *(("phone", each) for each in ("anonymous", "Private", "withheld", "0000000000", "+266696687")),
    *(("phone", each) for each in ("unknown", "null", "+10000000000", "-1", "")),
    *(("email", each) for each in ("null", "n/a", "noreply@market.test", "test@", "Noreply@")),
    *(("external_id", each) for each in ("undefined", "#N/A", "[object Object]", "0")),
]


@pytest.mark.parametrize(("kind", "value"), NOBODY, ids=[f"{k}-{v}" for k, v in NOBODY])
async def test_what_stands_for_nobody_joins_no_two_conversations(api, kind, value):
    """Alone, and beside addresses that differ."""
    blocked = an_id(kind, value, scope="shop" if kind == "external_id" else None)
    bodies = [a_body(identifiers=[blocked]) for _ in range(2)] if value else []
    for letter in "ab":
        mail = an_id("email", f"{letter}@nordlys.test", level="claimed")
        bodies.append(a_body(identifiers=[blocked, mail] if value else [mail]))
    answers = [(await api.post(PATH, body)).json() for body in bodies]
    assert len({answer["conversation_id"] for answer in answers}) == len(bodies)
    named = [answer["customer_id"] for answer in answers[-2:]]
    assert len(set(named)) == 2
    assert None not in named


SENDERS = ["68849", "7726", "SUPPORT", "2FA", "ACME Inc", "DB Info", "Vodafone", "+44 12"]


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
async def test_a_short_code_or_a_name_is_one_sender_and_not_a_customer_a_message(
    api, sender, channel
):
    body = {"channel": channel, "identifiers": [an_id("phone", sender)]}
    answers = [(await api.post(PATH, a_body(**body))).json() for _ in range(3)]
    assert len({answer["conversation_id"] for answer in answers}) == 1
    assert {answer["customer_id"] for answer in answers} == {None}


LOOK_ALIKES = [
    *((kind, "0015A00000Gv7qJ", "0015A00000Gv7qj") for kind in ("external_id", "account_id")),
    *((kind, "Abc-9", "abc-9") for kind in ("cookie", "viber", "loyalty_id", "device")),
    ("external_id", "Straße", "STRASSE"),
    ("external_id", "1 2", "12"),
    ("phone", "+493097925#5", "+4930979255"),
    ("phone", "+49 30 97925 ext. 5", "+49 30 979255"),
    ("email", "anna@nordlys.test", "anna@nordlys.example"),
]


@pytest.mark.parametrize(("kind", "ada", "bob"), LOOK_ALIKES, ids=str)
async def test_values_that_look_alike_are_two_people_in_recording_and_look_up(api, kind, ada, bob):
    scope = "crm" if kind in {"external_id", "account_id", "loyalty_id"} else None
    answers = [
        (await api.post(PATH, a_body(identifiers=[an_id(kind, value, scope)]))).json()
        for value in (ada, bob)
    ]
    people = [answer["customer_id"] for answer in answers]
    assert len(set(people)) == 2
    assert len({answer["conversation_id"] for answer in answers}) == 2
    for value, person in zip((ada, bob), people, strict=True):
        again = await api.post(PATH, a_body(identifiers=[an_id(kind, value, scope)]))
        assert again.json()["customer_id"] == person
        found = await api.lookup({"identifier": {"type": kind, "value": value, "scope": scope}})
        assert found.json()["customer_id"] == person
