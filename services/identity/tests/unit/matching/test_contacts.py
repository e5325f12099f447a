"""Addresses and numbers, compared."""

import pytest

from identity.matching.domain.keys import blocking_keys
from identity.matching.domain.likeness.contacts import (
    ContactLikeness,
    compare_emails,
    compare_phones,
    mailbox_of,
)
from identity.matching.domain.profiles import Profile, read_profile


def keys_of(profile: Profile) -> set[int]:
    return set(blocking_keys(profile, tenant_id="demo"))


SPELLINGS = [
    ("anna.berg@gmail.com", "annaberg@gmail.com"),
    ("a.n.n.a.berg+shop@gmail.com", "annaberg@googlemail.com"),
    ("bo+news@outlook.com", "bo@outlook.com"),
    ("Jo+1@Proton.me", "jo@proton.me"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_providers_mailbox_find_each_other(one: str, other: str):
    left, right = (read_profile({"email": each}) for each in (one, other))
    assert keys_of(left) & keys_of(right)
    assert compare_emails(left.emails[0], right.emails[0]) is ContactLikeness.CLOSE


def test_a_provider_that_heeds_dots_has_two_mailboxes():
    assert mailbox_of("bo.ek@nordlys.se") != mailbox_of("boek@nordlys.se")
    assert mailbox_of("bo.ek@outlook.com") != mailbox_of("boek@outlook.com")
    left, right = (read_profile({"email": f"{each}@nordlys.se"}) for each in ("bo.ek", "boek"))
    assert not keys_of(left) & keys_of(right)


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("anna@nordlys.se", "anna@nordlys.se", ContactLikeness.SAME),
        ("anna@nordlys.se", "anna@post.example", ContactLikeness.CLOSE),
        ("annaberg@nordlys.se", "anaberg@nordlys.se", ContactLikeness.CLOSE),
        ("ann***@nordlys.se", "annaberg@nordlys.se", ContactLikeness.CLOSE),
        ("anna@nordlys.se", "peter@nordlys.se", ContactLikeness.DIFFERENT),
        ("jo@a.example", "bo@a.example", ContactLikeness.DIFFERENT),
    ],
)
def test_addresses(one: str, other: str, likeness: ContactLikeness):
    assert compare_emails(one, other) is likeness
    assert compare_emails(other, one) is likeness


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("701740605", "701740605", ContactLikeness.SAME),
        ("1740605", "701740605", ContactLikeness.SAME),
        ("701740605", "701740650", ContactLikeness.CLOSE),
        ("701740605", "812345678", ContactLikeness.DIFFERENT),
    ],
)
def test_numbers(one: str, other: str, likeness: ContactLikeness):
    assert compare_phones(one, other) is likeness
    assert compare_phones(other, one) is likeness
