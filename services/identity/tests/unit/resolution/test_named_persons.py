"""Persons who share a contact point, and give other names and birth dates."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers import IdentifierKey
from identity.customers.domain.attributes import visible_values
from identity.resolution.domain.graph.persons import Said, names_agree
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import (
    P,
    V,
    identifier,
    ids,
    reasons,
    request,
    resolve,
)
from services.identity.tests.unit.resolution.test_partition import (
    ROOM_FOR_DEVICES,
    Seen,
    assert_one_partition,
    proved,
    replayed,
    shown,
)

FAMILY, PHONE = identifier("email", "family@nordlys.se", P), identifier("phone", "+46701740605", P)
MIA: dict[str, Any] = {"name": "Mia Berg", "birth_date": "1980-01-01"}
TOM: dict[str, Any] = {"first_name": "Tom", "last_name": "Berg", "dob": "2010-05-05"}


def attributes(roster: Roster, customer_id: Any) -> dict[str, Any]:
    customer = roster.find(customer_id)
    assert customer is not None
    return visible_values(customer.attributes)


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("anna berg", "anna berg", True),
        ("anna berg", "berg anna", True),
        ("anna", "anna berg", True),
        ("a berg", "anna berg", True),
        ("anna maria berg", "anna berg", True),
        ("mia berg", "tom berg", False),
        ("mia", "tom", False),
        ("anna muller", "anna schmidt", False),
        ("a berg", "tom berg", False),
    ],
)
def test_names_agree_if_one_can_be_short_for_the_other(one, other, agree):
    assert names_agree(one, other) is names_agree(other, one) is agree


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"name": "Jürgen  MÜLLER", "birth_date": "1980-01-01T09:00"},
            "1980-01-01 jurgen muller",
        ),
        ({"first_name": "Mia", "last_name": "Berg", "name": "?"}, " mia berg"),
        ({"name": "Berg, Mia", "dob": "01.02.1980"}, " berg mia"),
        ({"name": ["x"], "birth_date": 1980}, ""),
        ({"given_name": "李明", "date_of_birth": "2010-05-05"}, "2010-05-05 李明"),
    ],
)
def test_what_attributes_say_is_read_in_many_spellings(given, said):
    assert Said.of(given).text == said


def test_two_names_and_birth_dates_at_one_address_are_two_persons():
    roster, new_id = Roster(), ids()
    mia = resolve(roster, request(FAMILY, **MIA), new_id=new_id)
    tom = resolve(roster, request(FAMILY, **TOM), new_id=new_id)
    assert mia.customer_id != tom.customer_id
    assert reasons(tom) == {"family@nordlys.se": "contradicting_birth_dates"}
    assert tom.conflicts == ("birth_date", "name")
    again = [resolve(roster, request(FAMILY, **who), new_id=new_id) for who in (MIA, TOM)]
    assert [each.customer_id for each in again] == [mia.customer_id, tom.customer_id]
    assert attributes(roster, mia.customer_id)["name"] == "Mia Berg"
    assert attributes(roster, tom.customer_id)["first_name"] == "Tom"


def test_the_address_alone_is_with_the_first_of_them():
    roster, new_id = Roster(), ids()
    mia = resolve(roster, request(FAMILY, **MIA), new_id=new_id)
    resolve(roster, request(FAMILY, **TOM), new_id=new_id)
    assert resolve(roster, request(FAMILY), new_id=new_id).customer_id == mia.customer_id


def test_what_each_of_them_proves_beside_the_address_is_his_own():
    for order in permutations([(FAMILY,), (FAMILY, PHONE)]):
        roster, new_id = Roster(), ids()
        for shown_together in order:
            who = TOM if len(shown_together) > 1 else MIA
            resolve(roster, request(*shown_together, **who), new_id=new_id)
        tom = resolve(roster, request(PHONE), new_id=new_id).customer_id
        assert tom == resolve(roster, request(FAMILY, **TOM), new_id=new_id).customer_id
        assert tom != resolve(roster, request(FAMILY, **MIA), new_id=new_id).customer_id


@pytest.mark.parametrize(
    "slip",
    [
        MIA | {"birth_date": "1980-10-01"},
        MIA | {"name": "Tom Berg"},
        {"name": "M. Berg", "birth_date": "1980-10-01"},
        {"name": "Mia Berg"},
    ],
)
def test_one_of_the_two_alone_is_no_other_person(slip):
    roster, new_id = Roster(), ids()
    mia = resolve(roster, request(FAMILY, **MIA), new_id=new_id)
    again = resolve(roster, request(FAMILY, **slip), new_id=new_id)
    assert again.customer_id == mia.customer_id
    assert again.created is False


@pytest.mark.parametrize("other", [{"name": "Tom Berg"}, {"birth_date": "2010-05-05"}])
def test_who_may_be_another_does_not_rename_the_customer(other):
    roster, new_id = Roster(), ids()
    mia = resolve(roster, request(FAMILY, **MIA), new_id=new_id)
    told = resolve(roster, request(FAMILY, **other, tier="gold"), new_id=new_id)
    assert told.customer_id == mia.customer_id
    assert told.conflicts == tuple(other)
    assert attributes(roster, mia.customer_id) == MIA | {"tier": "gold"}


def test_a_birth_date_is_corrected_by_the_one_who_gives_the_same_name():
    roster, new_id = Roster(), ids()
    mia = resolve(roster, request(FAMILY, **MIA), new_id=new_id)
    corrected = MIA | {"birth_date": "1980-10-01"}
    assert resolve(roster, request(FAMILY, **corrected), new_id=new_id).conflicts == ("birth_date",)
    assert attributes(roster, mia.customer_id) == corrected


def test_a_verified_address_may_change_its_name():
    roster, new_id = Roster(), ids()
    verified = identifier("email", "family@nordlys.se", V)
    mia = resolve(roster, request(verified, **MIA), new_id=new_id)
    married = resolve(roster, request(verified, name="Mia Lund"), new_id=new_id)
    assert married.customer_id == mia.customer_id
    assert attributes(roster, mia.customer_id)["name"] == "Mia Lund"


def test_a_customer_number_says_who_it_is_without_a_person_beside_it():
    roster = Roster()
    number = identifier("external_id", "1", P, "shop")
    found = resolve(roster, request(number, FAMILY, **MIA)).customer_id
    assert found is not None
    customer = roster.find(found)
    assert customer is not None
    assert {key.type for key in customer.identifiers} == {"external_id", "email"}


def test_who_gives_nothing_else_is_not_seen_as_an_identifier_of_the_request():
    linked = resolve(Roster(), request(FAMILY, **MIA)).linked
    assert [item.key for item in linked] == [IdentifierKey("email", "", "family@nordlys.se")]


SAYINGS = [
    {"name": "Mia Berg", "birth_date": "1980-01-01"},
    {"name": "Tom Berg", "birth_date": "2010-05-05"},
    {"name": "M. Berg", "birth_date": "1980-10-01"},
    {"name": "Tom Berg", "birth_date": "1980-01-01"},
    {"name": "Ida Lund", "birth_date": "1999-09-09"},
    {"birth_date": "2010-05-05"},
    None,
]
EVENTS = st.lists(
    st.builds(
        Seen,
        st.integers(0, 20),
        st.lists(
            shown(["email", "phone", "cookie", "external_id"], [P, P, V]),
            min_size=1,
            max_size=3,
            unique_by=lambda item: item[:2],
        ).map(tuple),
        st.sampled_from(SAYINGS),
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_named_persons_are_divided_alike_in_any_order(events, random):
    orders = [random.sample([*events, *events], 2 * len(events)) for _ in range(3)]
    assert_one_partition(events, orders, ROOM_FOR_DEVICES)


def test_the_orders_of_named_persons_differ_in_more_than_their_ids():
    """The property above compares something: these events are two persons with one address."""
    mail = ("email", "family@nordlys.se", P)
    partition = proved(replayed([Seen(1, (mail,), MIA), Seen(2, (mail,), TOM)], ROOM_FOR_DEVICES))
    assert len(partition) == 2


def test_the_key_of_a_person_does_not_contain_the_contact_point():
    """It may be another person's, whose erasure must leave nothing of it."""
    key = Said("2010-05-05", "tom berg").key_at(FAMILY.key)
    assert key is not None
    assert "family" not in key.value
    assert key != Said("2010-05-05", "tom berg").key_at(PHONE.key)
