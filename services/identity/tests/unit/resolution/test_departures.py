"""Attributes go with the identifiers that carried them: each customer has what its senders said."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.customers.domain.attributes import (
    AttributeValue,
    Version,
    carrier_of,
    strongest,
    visible_values,
)
from identity.customers.domain.changes import CustomerCreated, CustomersMerged, CustomerUpdated
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import Level, PresentedIdentifier
from identity.customers.domain.versions import VersionsNotLoadedError
from identity.customers.store.customer_json import attributes_to_json
from identity.resolution.domain.context import Context
from identity.resolution.domain.departures import Leave, follow
from identity.resolution.domain.requests import ResolutionRequest, prepare
from identity.resolution.domain.resolution import resolve
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import (
    NOW,
    C,
    P,
    V,
    assert_sound,
    customer,
    identifier,
    ids,
)

LATER = NOW + timedelta(days=365)


class Said(NamedTuple):
    """What a sender who presented these identifiers said at that hour."""

    hour: int
    shown: tuple[tuple[str, str, Level], ...]
    attributes: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return NOW + timedelta(hours=self.hour)


def said(hour: int, *shown: tuple[str, str, Level], **attributes: Any) -> Said:
    return Said(hour, shown, attributes)


def heard(said: Iterable[Said], **limits: Any) -> Roster:
    roster, new_id = Roster(), ids()
    for each in said:
        presented = tuple(
            PresentedIdentifier(kind, value, "shop" if kind.endswith("_id") else None, level)
            for kind, value, level in each.shown
        )
        request = prepare(
            ResolutionRequest(presented, each.attributes, create=True, observed_at=each.at),
            now=LATER,
        )
        resolve(roster, request, Context(CustomerLimits(**limits), LATER, new_id))
    assert_sound(roster, roster.customer_ids)
    assert_published(roster)
    return roster


def assert_published(roster: Roster) -> None:
    """Assert that whoever follows the events has the attributes of each customer."""
    last: dict[Any, Any] = {}
    for change in roster.pending.changes:
        if isinstance(change, CustomerCreated | CustomerUpdated | CustomersMerged):
            last[change.customer.id] = visible_values(change.customer.attributes)
    for customer_id in roster.customer_ids:
        assert last[customer_id] == visible(roster.get(customer_id))


def visible(customer: Customer) -> Mapping[str, object]:
    return visible_values(customer.attributes)


def of(roster: Roster, value: str) -> Mapping[str, object]:
    """Return what is visible of the customer that holds this value."""
    (holder,) = (
        customer
        for customer in map(roster.get, roster.customer_ids)
        if value in {key.value for key in customer.identifiers}
    )
    return visible(holder)


A, B, TEL, TEL_2 = "a@nordlys.se", "b@nordlys.se", "+46701740601", "+46701740602"

SPLIT = [
    said(1, ("email", A, P), ("phone", TEL, P), name="Anna", note="together"),
    said(2, ("email", A, P), language="sv"),
    said(3, ("phone", TEL, P), tier="gold", name="Bo"),
    said(4, ("email", A, V), ("external_id", "n1", V), birth_date="1960-01-01"),
    said(5, ("phone", TEL, V), ("external_id", "n2", V), city="Lund"),
]


@pytest.mark.parametrize("order", list(permutations(SPLIT)))
def test_after_a_split_each_customer_has_what_its_own_senders_said(order):
    roster = heard(order)
    assert of(roster, A) == {
        "name": "Anna",
        "note": "together",
        "language": "sv",
        "birth_date": "1960-01-01",
    }
    assert of(roster, TEL) == {"name": "Bo", "tier": "gold", "city": "Lund"}


def test_a_value_that_was_overridden_counts_again_when_the_other_leaves():
    roster = heard(
        [
            said(1, ("email", A, P), ("phone", TEL, P)),
            said(2, ("email", A, P), tier="silver"),
            said(3, ("phone", TEL, P), tier="gold"),
            said(4, ("email", A, V), ("external_id", "n1", V)),
            said(5, ("phone", TEL, V), ("external_id", "n2", V)),
        ]
    )
    assert (of(roster, A), of(roster, TEL)) == ({"tier": "silver"}, {"tier": "gold"})


def test_what_both_said_stays_and_leaves():
    roster = heard(
        [
            said(1, ("email", A, P), ("phone", TEL, P)),
            *(said(2 + hour, ("email", A, P), tier="gold") for hour in range(3)),
            *(said(5 + hour, ("phone", TEL, P), tier="gold") for hour in range(3)),
            said(8, ("email", A, P), tier="gold"),
            said(9, ("email", A, V), ("external_id", "n1", V)),
            said(9, ("phone", TEL, V), ("external_id", "n2", V)),
        ]
    )
    assert (of(roster, A), of(roster, TEL)) == ({"tier": "gold"}, {"tier": "gold"})


def test_an_explicit_clear_leaves_with_its_carrier():
    roster = heard(
        [
            said(1, ("email", A, P), ("phone", TEL, P)),
            said(2, ("email", A, P), tier="gold"),
            said(3, ("phone", TEL, P), tier=None),
            said(4, ("email", A, V), ("external_id", "n1", V)),
            said(5, ("phone", TEL, V), ("external_id", "n2", V)),
        ]
    )
    assert (of(roster, A), of(roster, TEL)) == ({"tier": "gold"}, {})


@pytest.mark.parametrize("kind", ["email", "viber"])
def test_a_name_goes_with_the_next_carrier_of_one_in_quarantine(kind):
    values = [f"guest{each}@nordlys.se" for each in range(4)]
    roster = heard(
        (
            said(hour, (kind, value, P), ("phone", TEL, P), name=value)
            for hour, value in enumerate(values)
        ),
        max_neighbours=2,
    )
    assert {value: of(roster, value) for value in values} == {
        value: {"name": value} for value in values
    }


HANDED_OVER = [
    said(1, ("external_id", "n1", V), ("phone", TEL, V), name="Anna"),
    said(2, ("phone", TEL, P), city="Lund"),
    said(5, ("external_id", "n2", V), ("phone", TEL, V), name="Bo"),
    said(6, ("phone", TEL, P), city="Malmö"),
]


@pytest.mark.parametrize("order", [HANDED_OVER, [*HANDED_OVER[:2], HANDED_OVER[3], HANDED_OVER[2]]])
def test_what_a_number_said_before_it_changed_hands_stays(order):
    roster = heard(order)
    assert of(roster, "n1") == {"name": "Anna", "city": "Lund"}
    assert of(roster, "n2") == {"name": "Bo", "city": "Malmö"}


def test_values_do_not_hold_the_identifiers_that_carried_them():
    """One of them may become another customer's, who is erased later."""
    roster = heard(SPLIT[:1])
    (customer_id,) = roster.customer_ids
    stored = str(attributes_to_json(roster.get(customer_id).attributes))
    assert "carriers" in stored
    assert A not in stored
    assert TEL not in stored


def test_a_session_switch_takes_no_attribute_along():
    roster = heard(
        [
            said(1, ("external_id", "n1", V), ("cookie", "pc", P), name="Anna"),
            said(2, ("cookie", "pc", P), theme="dark"),
            said(3, ("external_id", "n2", V), ("cookie", "pc", P), name="Bo"),
            said(4, ("cookie", "pc", P), theme="light"),
        ]
    )
    assert of(roster, "n1") == {"name": "Anna", "theme": "dark"}
    assert of(roster, "n2") == {"name": "Bo", "theme": "light"}


def test_what_a_claimant_said_stays_with_it_when_the_owner_comes():
    roster = heard(
        [
            said(1, ("cookie", "evil", P), ("email", A, C), name="Mallory"),
            said(2, ("email", A, V), name="Vera"),
        ]
    )
    assert (of(roster, "evil"), of(roster, A)) == ({"name": "Mallory"}, {"name": "Vera"})


def test_what_a_person_set_stays_with_the_customer_that_goes_on():
    roster = heard([said(1, ("email", A, P), ("phone", TEL, P))])
    (customer_id,) = roster.customer_ids
    edit = prepare(ResolutionRequest((), {"note": "vip"}, create=True, observed_at=NOW), now=LATER)
    roster.observe(customer_id, edit.observations, level=V)
    new_id = ids(50)
    for said_later in SPLIT[3:]:
        presented = tuple(
            PresentedIdentifier(kind, value, "shop" if kind.endswith("_id") else None, level)
            for kind, value, level in said_later.shown
        )
        request = prepare(
            ResolutionRequest(presented, {}, create=True, observed_at=said_later.at), now=LATER
        )
        resolve(roster, request, Context(CustomerLimits(), LATER, new_id))
    (other_id,) = roster.customer_ids - {customer_id}
    assert (visible(roster.get(customer_id)), visible(roster.get(other_id))) == (
        {"note": "vip"},
        {},
    )


def test_stored_versions_are_asked_for():
    roster = Roster([heard(SPLIT[:3]).get(next(iter(heard(SPLIT[:3]).customer_ids)))])
    (customer_id,) = roster.customer_ids
    with pytest.raises(VersionsNotLoadedError) as caught:
        follow(roster, customer_id, {}, max_attributes=100)
    assert caught.value.ids == {customer_id}


def test_restored_ids_take_back_what_was_reported_for_them():
    """Also what a person set on them, which no identifier carried."""
    a_key, b_key = (identifier("email", value).key for value in (A, B))
    a_id, b_id, since = UUID(int=1), UUID(int=2), UUID(int=3)

    def version(origin_id: UUID, name: str, value: str, hour: int, *carriers: Any) -> Version:
        at = NOW + timedelta(hours=hour)
        carried = tuple(map(carrier_of, carriers))
        return Version(origin_id, name, AttributeValue(value, "crm", at, at, P, carriers=carried))

    versions = [
        version(a_id, "tier", "gold", 1, a_key),
        version(since, "tier", "silver", 2, b_key),
        version(since, "note", "set by a person", 3),
        version(a_id, "city", "Lund", 4, a_key),
        version(a_id, "city", "Ystad", 5, b_key),
    ]
    merged = replace(
        customer(1, identifier("email", A, P)),
        merged_ids=(b_id, since),
        attributes=strongest(versions),
    )
    roster = Roster([merged, customer(2, identifier("email", B, P))])
    roster.versions.load({a_id, b_id, since}, versions)
    follow(
        roster,
        a_id,
        {b_key: Leave(b_id)},
        max_attributes=100,
        restored=dict.fromkeys((b_id, since), b_id),
    )
    assert visible(roster.get(a_id)) == {"tier": "gold", "city": "Lund"}
    assert visible(roster.get(b_id)) == {
        "tier": "silver",
        "note": "set by a person",
        "city": "Ystad",
    }
    (departure,) = roster.pending.departures
    assert departure.origins == (a_id,)


CONTACTS = {
    ("email", A): "n1",
    ("phone", TEL): "n1",
    ("email", B): "n2",
    ("phone", TEL_2): "n2",
    ("email", "c@nordlys.se"): "n3",
}
NAMES = ("name", "tier")


def together(hour: int, contacts: Sequence[tuple[str, str]], said_of: Mapping[str, Any]) -> Said:
    return Said(hour, tuple((*contact, P) for contact in contacts), said_of)


def logged_in(hour: int, contact: tuple[str, str], said_of: Mapping[str, Any]) -> Said:
    return Said(hour, (("external_id", CONTACTS[contact], V), (*contact, V)), said_of)


def histories() -> st.SearchStrategy[list[Said]]:
    hours = st.integers(0, 500)
    values = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y", None]), max_size=2)
    contact = st.sampled_from(sorted(CONTACTS))
    pairs = st.lists(contact, min_size=1, max_size=2, unique=True)
    events = st.builds(together, hours, pairs, values) | st.builds(
        logged_in, hours, contact, values
    )
    return st.lists(events, min_size=2, max_size=9, unique_by=lambda each: each.hour)


def expected(roster: Roster, history: Iterable[Said]) -> dict[Any, Mapping[str, object]]:
    """Return the attributes of each customer: those of whoever presented its identifiers."""
    owners = {
        (key.type, key.value): customer_id
        for customer_id in roster.customer_ids
        for key in roster.get(customer_id).identifiers
    }
    strength: defaultdict[Any, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for each in history:
        strongest = min(
            each.shown, key=lambda shown: (-shown[2], shown[0] != "external_id", shown[:2])
        )
        owner = owners[strongest[:2]]
        for name, value in each.attributes.items():
            candidate = (strongest[2], each.hour, value)
            best = strength[owner].get(name)
            if best is None or candidate[:2] > best[:2]:
                strength[owner][name] = candidate
    return {
        customer_id: {
            name: value[2]
            for name, value in sorted(strength[customer_id].items())
            if value[2] is not None
        }
        for customer_id in roster.customer_ids
    }


@settings(max_examples=400, deadline=None)
@given(histories())
def test_attributes_are_a_function_of_what_was_said_by_whom(history):
    roster = heard(history)
    actual = {each: visible(roster.get(each)) for each in roster.customer_ids}
    assert actual == expected(roster, history)
