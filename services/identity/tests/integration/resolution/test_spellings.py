"""What two spellings of one identifier are, through the API: tables of what people reported."""

from typing import Any

import pytest

from services.identity.tests.integration.api_requests import resolve

SHOP = {"scope": "shop"}


def proved(kind: str, value: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "level": "channel_proved", **more}


ONE_CUSTOMER: dict[str, list[dict[str, Any]]] = {
    "a mobile number before and after a change of Mexico's plan": [
        proved("whatsapp", "525512345678"),
        proved("whatsapp", "5215512345678"),
        proved("phone", "+52 1 55 1234 5678"),
    ],
    "a number on the telephone and on WhatsApp": [
        proved("phone", "+442079460018"),
        proved("whatsapp", "442079460018"),
        proved("whatsapp", "442079460018:7@s.whatsapp.net"),
    ],
    "a Brazilian mobile number with and without its ninth digit": [
        proved("phone", "+55 11 98765-4321"),
        proved("whatsapp", "551187654321"),
    ],
    "a business-scoped user id under both names of its type": [
        proved("whatsapp", "US.13491208655302741918", scope="acct"),
        proved("whatsapp_user_id", "US.13491208655302741918", scope="acct"),
    ],
    "an address in headers": [
        proved("email", "anna@nordlys.se"),
        proved("email", "Dr. Anna Berg <anna@nordlys.se>"),
        proved("email", "Berg, Anna <anna@nordlys.se>"),
        proved("email", "anna@old.test <anna@nordlys.se>"),
        proved("email", "anna@nordlys.se (Anna Berg)"),
    ],
    "a fax gateway's quoted mailbox": [
        proved("email", '"faxg3/+4953"@fax.nordlys.se'),
        proved("email", '<"faxg3/+4953"@fax.nordlys.se>'),
        proved("email", "faxg3/+4953@fax.nordlys.se"),
    ],
    "an address with a final sigma": [
        proved("email", "ΣΑΣ.x@nordlys.se"),
        proved("email", "σας.x@nordlys.se"),
    ],
    "an address whether or not it has a scope": [
        proved("email", "anna@nordlys.se"),
        proved("email", "anna@nordlys.se", **SHOP),
    ],
    "a number whether or not it has a scope": [
        proved("phone", "+442079460018"),
        proved("phone", "+442079460018", **SHOP),
        proved("whatsapp", "442079460018", **SHOP),
    ],
    "a number with and without an extension": [
        proved("phone", "+14155550165"),
        proved("phone", "+14155550165,,,001#"),
        proved("phone", "+14155550165 extension 12"),
    ],
    "a UUID in upper and in lower case": [
        proved("device", "3F2504E0-4F89-11D3-9A0C-0305E82C3301"),
        proved("device", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
    ],
    "a name on Telegram": [
        proved("telegram", "@anna"),
        proved("telegram", "t.me/anna"),
        proved("telegram", "https://t.me/Anna"),
    ],
}
TWO_CUSTOMERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ids that differ in case": (
        proved("external_id", "0015A00000Gv7qJ", **SHOP),
        proved("external_id", "0015A00000Gv7qj", **SHOP),
    ),
    "one user id in two portfolios": (
        proved("whatsapp", "US.13491208655302741918", scope="a"),
        proved("whatsapp", "US.13491208655302741918", scope="b"),
    ),
    "an extension, and a longer number": (
        proved("phone", "+49 30 97925#5"),
        proved("phone", "+49 30 979255"),
    ),
    "letters that look alike": (
        proved("email", "anna@nordlys.se"),
        proved("email", "\N{CYRILLIC SMALL LETTER A}nna@nordlys.se"),
    ),
}


@pytest.mark.parametrize("case", ONE_CUSTOMER)
async def test_spellings_of_one_identifier_are_one_customer(api, case):
    found = [await resolve(api, spelling) for spelling in ONE_CUSTOMER[case]]
    assert [resolution["dropped"] for resolution in found] == [[]] * len(found)
    assert [resolution["created"] for resolution in found] == [True] + [False] * (len(found) - 1)
    assert len({resolution["customer_id"] for resolution in found}) == 1


@pytest.mark.parametrize("case", TWO_CUSTOMERS)
async def test_what_only_looks_alike_is_two_customers(api, case):
    first, second = [await resolve(api, identifier) for identifier in TWO_CUSTOMERS[case]]
    assert (first["created"], second["created"]) == (True, True)


async def test_numbers_of_two_sources_are_two_customers(api):
    number = {"type": "external_id", "value": "1001", "level": "verified"}
    shop, erp = [await resolve(api, number, source=source) for source in ("shop", "erp")]
    assert shop["customer_id"] != erp["customer_id"]
    assert (await resolve(api, number | SHOP))["customer_id"] == shop["customer_id"]


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        (proved("external_id", "1001"), "scope_missing"),
        (proved("slack", "U024BE7LH"), "scope_missing"),
        (proved("messenger", "1234567890123456"), "scope_missing"),
        (proved("instagram", "1234567890123456"), "scope_missing"),
        (proved("whatsapp", "US.13491208655302741918"), "scope_missing"),
        (proved("phone", "0170 1234567"), "region_missing"),
        (proved("phone", "68849"), "short_code"),
        (proved("phone", "SUPPORT"), "sender_name"),
        (proved("email", "a@nordlys.se, b@nordlys.se"), "several"),
        (proved("phone", "anonymous"), "blocked"),
        (proved("phone", "+266696687"), "blocked"),
        (proved("email", "n/a"), "blocked"),
        (proved("email", "no-reply-iba@market.test"), "blocked"),
        (proved("external_id", "{{user.id}}", **SHOP), "blocked"),
        (proved("cookie", "opt-out"), "blocked"),
        (proved("phone", "+44 12"), "unparseable"),
    ],
)
async def test_nobody_is_created_of_what_is_no_key(api, actor, identifier, reason):
    for _ in range(2):
        body = await resolve(api, identifier, attributes={"name": "Walk-in"})
        assert (body["customer_id"], body["reason"]) == (None, "nothing_usable")
        assert [dropped["reason"] for dropped in body["dropped"]] == [reason]
    assert await actor.rows("SELECT id FROM customer") == []
    assert await actor.events() == []


@pytest.mark.parametrize("shared", ["#N/A", "none given", "[object Undefined]", "%%ID%%"])
async def test_what_an_import_leaves_behind_joins_nobody(api, shared):
    empty = proved("external_id", shared, scope="import")
    first = await resolve(api, empty, proved("email", "anna@nordlys.se"))
    second = await resolve(api, empty, proved("email", "bo@nordlys.se"))
    assert first["customer_id"] != second["customer_id"]
    assert [dropped["reason"] for dropped in second["dropped"]] == ["blocked"]
