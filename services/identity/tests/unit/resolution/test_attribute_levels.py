"""Whose attributes count, by how well the sender is proved to be the customer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from identity.customers.domain.attributes import visible_values
from identity.customers.domain.customers import Customer
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import C, P, V, ids, request, resolve

NEW_ID = ids(1000)


def mail(level: Level) -> PresentedIdentifier:
    return PresentedIdentifier("email", "vera@nordlys.se", level=level)


def told(roster: Roster, *shown: PresentedIdentifier, **attributes: Any) -> Customer:
    resolution = resolve(roster, request(*shown, create=True, **attributes), new_id=NEW_ID)
    assert resolution.customer_id is not None
    return roster.get(resolution.customer_id)


def visible(customer: Customer) -> Mapping[str, object]:
    return visible_values(customer.attributes)


def owner_of(roster: Roster, shown: PresentedIdentifier) -> Customer:
    (owner,) = (
        customer
        for customer in map(roster.get, roster.customer_ids)
        if shown.value in {key.value for key in customer.identifiers}
    )
    return owner


@pytest.mark.parametrize("level", [P, V])
def test_a_claim_changes_no_attribute_of_whoever_proved_the_identifier(level):
    roster = Roster()
    told(roster, mail(level), name="Vera")
    claimant = told(roster, mail(C), name="Mallory", birth_date="1990-01-01")
    assert visible(owner_of(roster, mail(level))) == {"name": "Vera"}
    assert visible(claimant) == {"name": "Mallory", "birth_date": "1990-01-01"}


def test_a_claim_of_a_verified_customers_own_changes_no_attribute_of_theirs():
    """Whoever presents what a verified customer only claims may be anybody."""
    roster = Roster()
    claimed = PresentedIdentifier("phone", "+46701740605", level=C)
    told(roster, mail(V), claimed, name="Vera")
    before = len(roster.pending.changes)
    vera = told(roster, claimed, name="Mallory", birth_date="1990-01-01")
    assert visible(vera) == {"name": "Vera"}
    assert len(roster.pending.changes) == before
    claims = [observation for _, observation in roster.pending.observations if observation.is_claim]
    assert [claim.value.value for claim in claims] == ["1990-01-01", "Mallory"]


def test_a_claim_of_a_channel_proved_customers_own_fills_gaps_only():
    roster = Roster()
    claimed = PresentedIdentifier("phone", "+46701740605", level=C)
    told(roster, mail(P), claimed, name="Vera")
    assert visible(told(roster, claimed, name="Mallory", tier="gold")) == {
        "name": "Vera",
        "tier": "gold",
    }


def test_a_verified_identifier_that_the_request_does_not_prove_lends_no_level():
    """The new customer takes a verified address over, but this sender verified nothing."""
    roster = Roster()
    number = PresentedIdentifier("external_id", "1", "shop", V)
    told(roster, mail(V), number, name="Vera")
    told(roster, mail(P), tier="gold")
    assert owner_of(roster, mail(V)).attributes["tier"].level is P


@pytest.mark.parametrize(("first", "second"), [(C, P), (C, V), (P, P), (V, V), (P, V), (C, C)])
def test_a_later_value_of_a_sender_proved_as_well_counts(first, second):
    roster = Roster()
    told(roster, mail(first), tier="silver")
    assert visible(told(roster, mail(second), tier="gold")) == {"tier": "gold"}


def test_a_channel_does_not_override_what_the_customer_verified():
    roster = Roster()
    told(roster, mail(V), tier="gold")
    assert visible(told(roster, mail(P), tier="silver", language="sv")) == {
        "tier": "gold",
        "language": "sv",
    }


def test_a_device_that_came_with_a_claim_changes_nothing_of_the_claimed_customer():
    roster = Roster()
    told(roster, mail(V), name="Vera")
    cookie = PresentedIdentifier("cookie", "vis", level=P)
    told(roster, mail(C), cookie)
    mallory = told(roster, cookie, name="Mallory")
    assert visible(owner_of(roster, mail(V))) == {"name": "Vera"}
    assert visible(mallory) == {"name": "Mallory"}


@pytest.mark.parametrize(
    ("values", "shown"), [(("silver", "gold"), "gold"), ((5, 10), 10), ((True, None), None)]
)
@pytest.mark.parametrize("level", [C, P, V])
def test_of_items_of_one_time_the_later_one_counts(values, shown, level):
    roster = Roster()
    for position, value in enumerate(values):
        prepared = request(mail(level), tier=value)
        assert [each.value.sequence for each in prepared.observations]
        moved = tuple(
            replace(each, value=replace(each.value, sequence=each.value.sequence + position))
            for each in prepared.observations
        )
        resolve(roster, replace(prepared, observations=moved))
    (customer_id,) = roster.customer_ids
    assert visible(roster.get(customer_id)).get("tier") == shown
