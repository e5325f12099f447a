"""Who is whom, through the API: tables of what people reported of other systems."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from services.identity.tests.harness import Actor
from services.identity.tests.integration.api_requests import resolve

Identifier = dict[str, Any]


def c(kind: str, value: str, scope: str | None = None) -> Identifier:
    return {"type": kind, "value": value, "scope": scope, "level": "claimed"}


def p(kind: str, value: str, scope: str | None = None) -> Identifier:
    return c(kind, value, scope) | {"level": "channel_proved"}


def v(kind: str, value: str, scope: str | None = None) -> Identifier:
    return c(kind, value, scope) | {"level": "verified"}


async def who(api: Any, *identifiers: Identifier) -> Any:
    """Return who has an identifier now."""
    asked = [{**identifier, "level": None} for identifier in identifiers]
    return (await resolve(api, *asked, create=False))["customer_id"]


async def read(api: Any, customer_id: str) -> dict[str, Any]:
    response = await api.get(f"/v1/customers/{customer_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


BROWSER = [
    [p("email", "a@nordlys.se"), p("cookie", "k")],
    [p("email", "b@nordlys.se"), p("cookie", "k")],
    [v("email", "a@nordlys.se"), v("external_id", "1", "s")],
    [v("email", "b@nordlys.se"), v("external_id", "2", "s")],
]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_two_addresses_at_one_browser_are_two_persons_in_every_order(api, order):
    for index in order:
        await resolve(api, *BROWSER[index])
    persons = [
        {await who(api, c("email", f"{name}@nordlys.se")), await who(api, c("external_id", n, "s"))}
        for name, n in (("a", "1"), ("b", "2"))
    ]
    assert [len(person) for person in persons] == [1, 1]
    assert persons[0].isdisjoint(persons[1])


TWO_PERSONS: dict[str, tuple[list[Identifier], list[Identifier]]] = {
    "the next person at a browser": (
        [p("cookie", "k"), p("email", "kim@nordlys.se")],
        [p("cookie", "k"), p("email", "lee@nordlys.se")],
    ),
    "the next person at a kiosk, by telephone": (
        [p("device", "kiosk"), p("phone", "+46701740601")],
        [p("device", "kiosk"), p("phone", "+46701740602")],
    ),
    "two log-ins at one browser": (
        [p("cookie", "k"), v("external_id", "A", "shop")],
        [p("cookie", "k"), v("external_id", "B", "shop")],
    ),
    "two log-ins at one browser, on the channel's word": (
        [p("cookie", "k"), p("account_id", "A")],
        [p("cookie", "k"), p("account_id", "B")],
    ),
    "two customer numbers that are only claimed at one browser": (
        [p("cookie", "k"), c("external_id", "100", "shop")],
        [p("cookie", "k"), c("external_id", "200", "shop")],
    ),
    "two customer numbers with one address": (
        [p("email", "family@nordlys.se"), p("external_id", "100", "shop")],
        [p("email", "family@nordlys.se"), p("external_id", "200", "shop")],
    ),
    "mother and child with one telephone": (
        [v("external_id", "M", "shop"), p("phone", "+46701740601")],
        [v("external_id", "C", "shop"), p("phone", "+46701740601")],
    ),
    "two buyers with a firm's address": (
        [p("email", "info@nordlys.se"), p("external_id", "o1", "orders")],
        [p("email", "info@nordlys.se"), p("external_id", "o2", "till")],
    ),
    "two buyers with an address that nobody reads": (
        [p("email", "no-reply-iba@market.test"), p("external_id", "o1", "orders")],
        [p("email", "no-reply-iba@market.test"), p("external_id", "o2", "till")],
    ),
    "somebody who types another's address": (
        [p("email", "vic@nordlys.se")],
        [p("cookie", "vis"), c("email", "vic@nordlys.se")],
    ),
    "somebody who types an address before its owner comes": (
        [p("cookie", "evil"), c("email", "victim@nordlys.se")],
        [p("email", "victim@nordlys.se")],
    ),
    "somebody who types an address before its owner logs in": (
        [p("cookie", "evil"), c("email", "victim@nordlys.se")],
        [v("email", "victim@nordlys.se"), v("external_id", "V", "shop")],
    ),
    "somebody who types a number at the telephone": (
        [v("phone", "+46701740601"), v("external_id", "V", "shop")],
        [p("email", "eve@nordlys.se"), c("phone", "+46701740601")],
    ),
}


@pytest.mark.parametrize("case", TWO_PERSONS)
@pytest.mark.parametrize("backwards", [False, True])
async def test_these_are_two_persons_whoever_comes_first(api, case, backwards):
    first, second = reversed(TWO_PERSONS[case]) if backwards else TWO_PERSONS[case]
    one, other = await resolve(api, *first), await resolve(api, *second)
    assert one["customer_id"] != other["customer_id"]
    again = [(await resolve(api, *shown))["customer_id"] for shown in (first, second)]
    assert again == [one["customer_id"], other["customer_id"]]


@pytest.mark.parametrize("number", [v("external_id", "A", "shop"), p("email", "a@nordlys.se")])
@pytest.mark.parametrize("device", [p("cookie", "k"), p("device", "d")])
async def test_a_session_goes_over_to_whoever_was_proved_last(api, number, device):
    first = await resolve(api, device, number)
    second = await resolve(api, device, {**number, "value": "b" + number["value"]})
    assert (await resolve(api, device))["customer_id"] == second["customer_id"]
    (moved,) = second["moved"]
    assert moved["from_customer_id"] == first["customer_id"]
    assert moved["identifier"]["value"] == device["value"]
    third = await resolve(api, device, number)
    assert third["customer_id"] == first["customer_id"]
    assert (await resolve(api, device))["customer_id"] == first["customer_id"]


async def test_a_late_report_does_not_take_a_session_back(api):
    cookie = p("cookie", "k")
    times = {"a": "2026-01-01T10:00:00Z", "b": "2026-01-01T12:00:00Z"}
    owners = {}
    for name in ("b", "a"):
        shown = [cookie, p("email", f"{name}@nordlys.se")]
        owners[name] = (await resolve(api, *shown, observed_at=times[name]))["customer_id"]
    assert await who(api, cookie) == owners["b"]


async def test_ten_persons_at_one_kiosk_stay_ten_and_it_becomes_nobodys(api):
    kiosk = p("device", "kiosk")
    found = [await resolve(api, kiosk, p("email", f"k{n}@nordlys.se")) for n in range(11)]
    assert len({body["customer_id"] for body in found}) == 11
    assert [bool(body["quarantined"]) for body in found] == [False] * 10 + [True]
    alone = await resolve(api, kiosk)
    assert (alone["customer_id"], alone["reason"]) == (None, "nothing_usable")
    assert [dropped["reason"] for dropped in alone["dropped"]] == ["quarantined"]
    holder = await read(api, found[9]["customer_id"])
    assert [entry["value"] for entry in holder["quarantined"]] == ["kiosk"]
    assert [entry["type"] for entry in holder["identifiers"]] == ["email"]


async def test_an_anonymous_visit_becomes_the_known_customer(api):
    visit = await resolve(api, p("cookie", "k"))
    known = await resolve(api, p("email", "a@nordlys.se"), attributes={"name": "Known"})
    now = await resolve(api, p("cookie", "k"), p("email", "a@nordlys.se"))
    assert (now["customer_id"], now["merged"]) == (known["customer_id"], [visit["customer_id"]])
    assert (await read(api, visit["customer_id"]))["customer_id"] == known["customer_id"]


@pytest.mark.parametrize(
    ("shown", "claim"),
    [
        ([p("cookie", "vis")], c("email", "vera@nordlys.se")),
        ([p("phone", "+46701740601")], c("email", "vera@nordlys.se")),
        ([v("phone", "+46701740601")], c("email", "vera@nordlys.se")),
        ([p("telegram", "mallory")], c("external_id", "1", "shop")),
        ([], c("email", "vera@nordlys.se")),
    ],
)
async def test_a_claim_opens_nothing_and_changes_nothing(api, shown, claim):
    vera = [v("email", "vera@nordlys.se"), v("external_id", "1", "shop")]
    owner = await resolve(api, *vera, attributes={"name": "Vera"})
    before = await read(api, owner["customer_id"])
    claimant = await resolve(api, *shown, claim, attributes={"name": "Mallory"})
    await resolve(api, *(shown or [claim]), attributes={"name": "Mallory"})
    assert claimant["customer_id"] != owner["customer_id"]
    assert [claimed["value"] for claimed in claimant["claimed"]] == [claim["value"]]
    after = await read(api, owner["customer_id"])
    assert [entry["customer_id"] for entry in after.pop("claimed_by")] == [claimant["customer_id"]]
    before.pop("claimed_by")
    assert after == before
    (claimed,) = (await read(api, claimant["customer_id"]))["claims"]
    assert (claimed["value"], claimed["held_by"]) == (claim["value"], owner["customer_id"])


async def test_one_who_only_claims_is_one_customer_and_not_one_per_message(api, actor):
    await resolve(api, p("email", "vic@nordlys.se"))
    found = {(await resolve(api, c("email", "vic@nordlys.se")))["customer_id"] for _ in range(3)}
    assert len(found) == 1
    assert len(await actor.events("identifier.claimed")) == 1


async def test_a_claim_ends(api, service):
    mail = PresentedIdentifier("email", "vic@nordlys.se", level=Level.CHANNEL_PROVED)
    hasty = Actor(service, limits=CustomerLimits(claim_lifetime=timedelta()))
    await hasty.meet(mail)
    claimant = await hasty.meet(replace(mail, level=Level.CLAIMED))
    assert (await read(api, str(claimant.customer_id)))["claims"] == []
    assert (await hasty.meet(replace(mail, level=Level.CLAIMED))).created


async def test_a_lost_loyalty_card_is_replaced_by_a_new_one(api):
    mail = v("email", "card@nordlys.se")
    first = await resolve(api, mail, v("loyalty_id", "L1"))
    second = await resolve(api, mail, v("loyalty_id", "L2"))
    assert second["customer_id"] == first["customer_id"]
    assert [linked["value"] for linked in second["linked"]] == ["L2"]


async def test_a_loyalty_card_on_the_channels_word_is_another_persons(api):
    mail = p("email", "card@nordlys.se")
    first = await resolve(api, mail, p("loyalty_id", "L1"))
    second = await resolve(api, mail, p("loyalty_id", "L2"))
    assert second["customer_id"] != first["customer_id"]


@pytest.mark.parametrize("contact", [v("phone", "+46701740601"), v("email", "x@nordlys.se")])
async def test_a_contact_point_goes_to_whoever_verified_it_last(api, contact):
    old = await resolve(api, contact, v("external_id", "old", "tel"))
    new = await resolve(api, contact, v("external_id", "new", "tel"))
    assert old["customer_id"] != new["customer_id"]
    assert [moved["from_customer_id"] for moved in new["moved"]] == [old["customer_id"]]
    caller = await resolve(api, {**contact, "level": "channel_proved"})
    assert caller["customer_id"] == new["customer_id"]
    assert await who(api, c("external_id", "old", "tel")) == old["customer_id"]


SHARED = [p("email", "family@nordlys.se"), p("phone", "+46701740601"), p("telegram", "family")]
MIA = {"name": "Mia Berg", "birth_date": "1980-01-01"}
TOM = {"first_name": "Tom", "last_name": "Berg", "date_of_birth": "2010-05-05"}


@pytest.mark.parametrize("shared", SHARED)
async def test_two_persons_with_one_contact_point_are_told_apart(api, shared):
    mia = await resolve(api, shared, attributes=MIA)
    tom = await resolve(api, shared, attributes=TOM)
    assert mia["customer_id"] != tom["customer_id"]
    assert (mia["conflicts"], tom["conflicts"]) == ([], ["birth_date", "name"])
    assert [dropped["reason"] for dropped in tom["dropped"]] == ["contradicting_birth_dates"]
    for said, known in ((MIA, mia), (TOM, tom)):
        assert (await resolve(api, shared, attributes=said))["customer_id"] == known["customer_id"]
        assert (await read(api, known["customer_id"]))["attributes"] == said
    assert await who(api, shared) == mia["customer_id"]


async def test_two_birth_dates_without_names_are_one_customer_who_keeps_the_first(api):
    mail = p("email", "family@nordlys.se")
    first = await resolve(api, mail, attributes={"birth_date": "1980-01-01"})
    second = await resolve(api, mail, attributes={"birth_date": "2010-05-05"})
    assert second["customer_id"] == first["customer_id"]
    assert (first["conflicts"], second["conflicts"]) == ([], ["birth_date"])
    known = await read(api, first["customer_id"])
    assert known["attributes"] == {"birth_date": "1980-01-01"}


ROLE = p("email", "info@nordlys.se")


@pytest.mark.parametrize("visitor", [c("email", "ida@example.org"), c("phone", "+46701740609")])
@pytest.mark.parametrize("has_owner", [False, True])
async def test_a_contact_form_is_about_who_fills_it_in(api, visitor, has_owner):
    """The form mails from an address of the company, and names the visitor."""
    company = await resolve(api, ROLE, attributes={"name": "Nordlys"})
    owner = await resolve(api, {**visitor, "level": "verified"}) if has_owner else None
    found = [
        await resolve(api, ROLE, visitor, attributes={"name": "Ida"}),
        await resolve(api, ROLE, visitor),
        await resolve(api, visitor),
    ]
    assert len({each["customer_id"] for each in found}) == 1
    assert found[0]["customer_id"] not in {company["customer_id"], owner and owner["customer_id"]}
    assert [dropped["reason"] for dropped in found[1]["dropped"]] == ["shared"] + [
        "claimed_elsewhere"
    ] * has_owner
    assert (await read(api, found[0]["customer_id"]))["attributes"] == {"name": "Ida"}
    assert (await read(api, company["customer_id"]))["attributes"] == {"name": "Nordlys"}


async def test_two_visitors_of_a_contact_form_are_two_customers(api):
    visitors = [c("email", f"{name}@example.org") for name in ("ida", "bo")]
    found = [await resolve(api, ROLE, visitor) for visitor in visitors]
    assert len({each["customer_id"] for each in found}) == 2


async def test_different_birth_dates_keep_persons_apart(api):
    await resolve(api, p("email", "mia@nordlys.se"), attributes={"birth_date": "1980-01-01"})
    await resolve(api, p("phone", "+46701740601"), attributes={"birth_date": "2010-05-05"})
    both = await resolve(api, p("email", "mia@nordlys.se"), p("phone", "+46701740601"))
    assert both["merged"] == []
    assert [dropped["reason"] for dropped in both["dropped"]] == ["contradicting_birth_dates"]


async def test_verified_numbers_split_what_a_channel_united(api, actor):
    mail, phone = "a@nordlys.se", "+46701740601"
    one = await resolve(api, p("email", mail), p("phone", phone))
    await resolve(api, v("email", mail), v("external_id", "1", "s"))
    other = await resolve(api, v("phone", phone), v("external_id", "2", "s"))
    assert other["customer_id"] != one["customer_id"]
    assert other["split"] == [other["customer_id"]]
    (split,) = await actor.events("customer.split")
    assert split["subject_id"] == one["customer_id"]
    assert split["data"]["new_customer_id"] == other["customer_id"]
    assert [item["value"] for item in split["data"]["identifiers"]] == [phone]
    removed = await actor.events("identifier.removed")
    assert [event["data"]["identifier"]["value"] for event in removed] == [phone]


async def test_a_forced_merge_holds_against_the_evidence(api):
    numbers = [v("external_id", "1", "s"), v("external_id", "2", "s")]
    one, two = [(await resolve(api, number))["customer_id"] for number in numbers]
    body = {"source_id": two, "target_id": one, "reason": "typed twice"}
    assert (await api.post("/v1/merges", json=body)).json()["changed"]
    for number, mail in zip(numbers, ("a@nordlys.se", "b@nordlys.se"), strict=True):
        await resolve(api, number, v("email", mail))
    assert {await who(api, item) for item in (*numbers, v("email", "b@nordlys.se"))} == {one}
