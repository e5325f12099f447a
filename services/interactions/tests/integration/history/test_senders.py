"""Senders by whom nobody can be found: recorded, threaded, and nobody's customer."""

import pytest

from services.interactions.tests.factories import a_body

PATH = "/v1/interactions"


def said(value: str, *, kind: str = "phone", **changes):
    identifier = {"type": kind, "value": value, "level": "channel_proved"}
    return a_body(identifiers=[identifier], **changes)


@pytest.mark.parametrize("sender", ["68849", "SUPPORT", "2FA", "+44 12"])
async def test_a_sender_without_a_number_threads_by_what_it_is_called(api, sender):
    answers = [await api.post(PATH, said(sender)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert {answer.json()["customer_id"] for answer in answers} == {None}
    assert len({answer.json()["conversation_id"] for answer in answers}) == 1
    assert api.identity.calls == []


async def test_a_sender_text_means_something_within_its_channel_account_only(api):
    answers = [
        await api.post(PATH, said("68849", **place))
        for place in ({}, {"channel_account": "other"}, {"channel": "voice"})
    ]
    assert len({answer.json()["conversation_id"] for answer in answers}) == 3


@pytest.mark.parametrize(
    ("kind", "value"),
    [("phone", "anonymous"), ("phone", "0000000000"), ("phone", "+266696687"), ("email", "null")],
)
async def test_what_stands_for_nobody_threads_nothing(api, kind, value):
    answers = [await api.post(PATH, said(value, kind=kind)) for _ in range(2)]
    assert {answer.json()["customer_id"] for answer in answers} == {None}
    assert len({answer.json()["conversation_id"] for answer in answers}) == 2
    assert api.identity.calls == []


async def test_the_reason_is_kept_and_identity_is_not_asked_again(api):
    await api.post(PATH, said("68849"))
    [row] = await api.rows("SELECT refused FROM unresolved")
    assert row.refused == "no identifier is usable: short_code"
    assert await api.tick("attach_unresolved") is False


async def test_identity_is_not_asked_about_what_is_no_key(api):
    await api.post(
        PATH,
        a_body(
            identifiers=[
                {"type": "phone", "value": "anonymous"},
                {"type": "email", "value": "anna@nordlys.se"},
            ]
        ),
    )
    assert [key[1:] for key in api.identity.people] == [("email", "anna@nordlys.se")]


async def test_the_region_of_the_call_reads_national_numbers(api):
    for number in ({"value": "020 7946 0018"}, {"value": "+44 20 7946 0018"}):
        answer = await api.post(
            PATH, a_body(identifiers=[{"type": "phone", **number}], default_region="GB")
        )
        assert answer.status_code == 201
    assert len(api.identity.calls) == 1


async def test_identity_is_asked_about_a_number_whose_region_it_may_know(api):
    answer = await api.post(PATH, said("020 7946 0018"))
    assert answer.status_code == 201
    assert len(api.identity.calls) == 1


async def test_an_id_of_a_page_has_the_channel_account_as_its_scope(api):
    body = said("1234567890", kind="messenger", channel="messenger", channel_account="page-1")
    assert (await api.post(PATH, body)).status_code == 201
    [row] = await api.rows("SELECT scope, lookup_key FROM known_identifier")
    assert tuple(row) == ("page-1", "1234567890")


async def test_ids_that_differ_in_case_are_two_customers(api):
    answers = [
        await api.post(
            PATH, a_body(identifiers=[{"type": "external_id", "value": value, "scope": "crm"}])
        )
        for value in ("0015A00000Gv7qJ", "0015A00000Gv7qj")
    ]
    assert len({answer.json()["customer_id"] for answer in answers}) == 2


async def test_an_extension_and_a_longer_number_are_two_customers(api):
    answers = [
        await api.post(PATH, a_body(identifiers=[{"type": "phone", "value": value}]))
        for value in ("+493097925#5", "+4930979255", "+49 30 97925")
    ]
    extension, longer, bare = [answer.json()["customer_id"] for answer in answers]
    assert extension == bare
    assert longer != extension
