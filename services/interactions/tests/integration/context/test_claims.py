"""Claims on a context: agents see them on both sides; a token bound to the customer does not."""

from datetime import timedelta

import pytest

from common.ids import new_id
from services.interactions.tests.context_rows import (
    NOW,
    a_phone,
    claimed,
    created,
    identifier_event,
    merged,
    project_customers,
)
from services.interactions.tests.integration.context.test_project_customers import rows

PHONE = a_phone("+442079460018")
MAIL = {"type": "email", "value": "anna@nordlys.test", "scope": None, "raw": None}
NUMBER = {"type": "external_id", "value": "C-1", "scope": "shop", "raw": None}


@pytest.fixture(params=[PHONE, MAIL | {"level": "verified"}, NUMBER | {"level": "channel_proved"}])
def identifier(request):
    return request.param


@pytest.fixture
async def pair(api, identifier):
    """Somebody with the identifier, and somebody who claims it."""
    owner, claimant = new_id(), new_id()
    await project_customers(
        api,
        created(owner, identifiers=[identifier]),
        created(claimant, identifiers=[a_phone("+442079460583")]),
        claimed(claimant, identifier, held_by=owner, sequence=2),
    )
    return owner, claimant


async def claims_of(api, customer, **more):
    return (await api.get(f"/v1/context/{customer}?include=claims", **more)).json()["claims"]


async def test_agents_see_a_claim_on_both_sides(api, pair, identifier):
    owner, claimant = pair
    shown = {
        "identifier": {
            "type": identifier["type"],
            "value": identifier["value"],
            "scope": identifier["scope"],
            "level": "claimed",
        },
        "claimant_id": str(claimant),
        "owner_id": str(owner),
        "claimed_at": NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "expires_at": (NOW + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert await claims_of(api, claimant) == [{"role": "made", **shown}]
    assert await claims_of(api, owner) == [{"role": "received", **shown}]


async def test_a_claim_is_never_among_the_identifiers_and_finds_nobody_else(api, pair, identifier):
    owner, claimant = pair
    body = (await api.get(f"/v1/context/{claimant}")).json()
    assert identifier["value"] not in {each["value"] for each in body["identifiers"]}
    asked = {name: identifier[name] for name in ("type", "value", "scope")}
    found = (await api.lookup({"identifier": asked})).json()
    assert found["customer_id"] == str(owner)


async def test_a_token_bound_to_either_customer_shows_no_claims(api, pair):
    for customer in pair:
        api.bind("own", customer)
        assert await claims_of(api, customer, who="own") == []


async def test_without_the_right_to_personal_data_the_value_is_masked(api, pair, identifier):
    for customer in pair:
        [claim] = await claims_of(api, customer, who="reader")
        assert identifier["value"] not in str(claim)
        assert claim["identifier"]["type"] == identifier["type"]


async def test_other_tenants_see_nothing_of_a_claim(api, pair):
    owner, _ = pair
    assert (await api.get(f"/v1/context/{owner}?include=claims", who="other")).status_code == 404


async def test_a_claim_that_is_proved_is_no_claim_any_more(api, pair, identifier):
    owner, claimant = pair
    await project_customers(
        api,
        identifier_event("removed", owner, identifier, sequence=2),
        identifier_event("added", claimant, identifier, sequence=3),
    )
    assert await claims_of(api, claimant) == await claims_of(api, owner) == []
    # Whatever comes late, comes late.
    await project_customers(api, claimed(claimant, identifier, held_by=owner, sequence=2))
    assert await claims_of(api, claimant) == []


async def test_an_expired_claim_is_not_shown_and_is_deleted(api, identifier):
    owner, claimant = new_id(), new_id()
    past = NOW - timedelta(seconds=1)
    await project_customers(
        api,
        created(owner, identifiers=[identifier]),
        created(claimant),
        claimed(claimant, identifier, held_by=owner, sequence=2, expires_at=past),
    )
    assert await claims_of(api, claimant) == await claims_of(api, owner) == []
    assert await api.tick("compact_versions")
    assert await rows(api.service.database, "SELECT * FROM customer_claim") == []


async def test_claims_follow_merges_of_either_side(api, pair):
    owner, claimant = pair
    other, boss = new_id(), new_id()
    await project_customers(api, created(other), created(boss))
    await project_customers(
        api,
        merged(other, [claimant], sequence=2),
        merged(boss, [owner], sequence=2, identifiers=[PHONE, MAIL, NUMBER]),
    )
    for customer, role in ((claimant, "made"), (owner, "received")):
        [claim] = await claims_of(api, customer)
        assert claim["role"] == role
        assert (claim["claimant_id"], claim["owner_id"]) == (str(other), str(boss))


async def test_a_merge_of_claimant_and_owner_ends_the_claim(api, pair):
    owner, claimant = pair
    await project_customers(
        api, merged(owner, [claimant], sequence=2, identifiers=[PHONE, MAIL, NUMBER])
    )
    assert await claims_of(api, owner) == []


async def test_claims_show_the_present_owner(api, pair, identifier):
    owner, claimant = pair
    heir = new_id()
    await project_customers(
        api,
        identifier_event("removed", owner, identifier, sequence=2),
        created(heir, identifiers=[identifier]),
    )
    [claim] = await claims_of(api, claimant)
    assert claim["owner_id"] == str(heir)
    assert await claims_of(api, owner) == []
