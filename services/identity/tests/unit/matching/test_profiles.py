"""What matching reads of a customer's attributes and identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.matching.domain.likeness.contacts import (
    ContactLikeness,
    compare_emails,
    compare_phones,
)
from identity.matching.domain.likeness.dates import DateLikeness, compare_dates, read_date
from identity.matching.domain.profiles import MAX_VALUES, Profile, read_profile


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1984-05-06", "19840506"),
        ("1984-05-06T00:00:00Z", "19840506"),
        ("19840506", "19840506"),
        ("05/06/1984", "19840506"),
        ("05061984", "19840506"),
        ("6.5.1984", "19840506"),
        ("25/12/1984", "19841225"),
        ("198-05-06", "1980506"),
        ("1984", ""),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_birth_dates_are_read_in_every_spelling(written: str, read: str):
    assert read_date(written) == read


@pytest.mark.parametrize(
    ("left", "right", "likeness"),
    [
        ("19840506", "19840506", DateLikeness.SAME),
        ("19840506", "19840605", DateLikeness.TYPO),
        ("19840506", "19840516", DateLikeness.TYPO),
        ("19840506", "19480506", DateLikeness.TYPO),
        ("19840506", "1980506", DateLikeness.TYPO),
        ("19840506", "19841706", DateLikeness.PARTLY),
        ("19840506", "19611123", DateLikeness.DIFFERENT),
    ],
)
def test_slips_in_dates(left: str, right: str, likeness: DateLikeness):
    assert compare_dates(left, right) is likeness
    assert compare_dates(right, left) is likeness


@pytest.mark.parametrize(
    "attributes",
    [
        {"given_name": "Anna", "surname": "Berg"},
        {"first_name": "Anna", "last_name": "Berg"},
        {"name": "Anna Berg"},
        {"name": "Berg, Anna"},
        {"name": "Dr. Anna Berg"},
        {"full_name": {"given_name": "Anna", "family_name": "Berg"}},
    ],
)
def test_names_come_in_parts_or_whole(attributes: dict[str, object]):
    profile = read_profile(attributes)
    assert (profile.given, profile.surname) == ("anna", "berg")


def test_addresses_come_in_parts_or_whole():
    parts = read_profile(
        {"street_number": "12", "address_1": "Main Street", "suburb": "Perth", "postcode": "6 000"}
    )
    line = read_profile({"address": {"street": "12 Main Street", "city": "Perth", "zip": "6000"}})
    assert parts == line
    assert read_profile({"street": "Hauptstr. 12"}).number == "12"


def test_placeholders_are_missing():
    profile = read_profile({"given_name": "n/a", "surname": "unknown", "email": "null"})
    assert profile == Profile()
    assert profile.says_nothing


def test_identifiers_count_like_attributes():
    profile = read_profile(
        {"email": "Anna@Nordlys.se"},
        [("phone", "", "+46701740605"), ("cookie", "", "c")],
        {"external_id:shop": "7"},
    )
    assert profile.emails == ("anna@nordlys.se",)
    assert profile.phones == ("701740605",)
    assert profile.numbers == {"external_id:shop": "7"}


def test_a_mailbox_of_a_group_says_nothing_of_a_person():
    assert read_profile({"email": "info@nordlys.se"}).emails == ()


@given(
    st.dictionaries(
        st.sampled_from(["name", "email", "phone", "birth_date", "address", "colour", "x"]),
        st.one_of(st.text(), st.integers(), st.none(), st.booleans(), st.lists(st.text())),
    )
)
def test_any_attributes_can_be_read(attributes: dict[str, object]):
    profile = read_profile(attributes)
    assert len(profile.emails) <= MAX_VALUES
    assert len(profile.others) <= MAX_VALUES


@pytest.mark.parametrize(
    ("left", "right", "likeness"),
    [
        ("anna.berg@a.se", "anna.berg@b.se", ContactLikeness.CLOSE),
        ("anna.berg@a.se", "anna.bergg@a.se", ContactLikeness.CLOSE),
        ("ann***@a.se", "anna.berg@a.se", ContactLikeness.CLOSE),
        ("ann***@a.se", "bo@a.se", ContactLikeness.DIFFERENT),
        ("anna@a.se", "peter@a.se", ContactLikeness.DIFFERENT),
    ],
)
def test_noisy_addresses(left: str, right: str, likeness: ContactLikeness):
    assert compare_emails(left, right) is likeness


def test_numbers_are_compared_without_their_prefixes():
    assert compare_phones("701740605", "01740605") is ContactLikeness.SAME
    assert compare_phones("701740605", "701740650") is ContactLikeness.CLOSE
    assert compare_phones("701740605", "209460018") is ContactLikeness.DIFFERENT
