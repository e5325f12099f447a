"""Contacts and lookup keys: the spellings of an identifier that count as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interactions.history import Identifier, lookup_key
from interactions.history.domain.contact import MAX_KEY_BYTES, contact_key

TYPES = st.sampled_from(["phone", "whatsapp", "email", "customer_number"])


@pytest.mark.parametrize(
    ("kind", "spelling", "key"),
    [
        ("phone", " +44 (20) 7946-0018 ", "+442079460018"),
        ("phone", "＋４４２０", "+4420"),  # noqa: RUF001 - full-width on purpose
        ("phone", "020 7946 0018", "02079460018"),
        ("whatsapp", "US.13491208655302741918", "us.13491208655302741918"),
        ("phone", "anonymous", "anonymous"),
        ("phone", "--", "--"),
        ("email", " Anna@Example.TEST ", "anna@example.test"),
        ("email", "straße@example.test", "strasse@example.test"),
    ],
)
def test_spellings_of_one_identifier_share_a_key(kind, spelling, key):
    assert lookup_key(kind, spelling) == key


@given(TYPES, st.text(max_size=600))
def test_a_key_is_short_and_its_own_key(kind, value):
    key = lookup_key(kind, value)
    assert len(key.encode("utf-8", "surrogatepass")) <= MAX_KEY_BYTES
    assert lookup_key(kind, key) == key


@given(st.text(alphabet="0123456789", min_size=1, max_size=20), st.text(alphabet=" -()./"))
def test_punctuation_never_matters_in_a_number(digits, noise):
    spelled = noise.join(digits)
    assert lookup_key("phone", f"+{spelled}") == f"+{digits}"


@given(st.permutations([("email", "a@b.test"), ("phone", "+441"), ("device", "x")]))
def test_a_contact_has_one_key_whatever_the_order(identifiers):
    found = contact_key([Identifier(kind, value) for kind, value in identifiers])
    assert found == "phone||+441"


def test_a_contact_without_identifiers_has_no_key():
    assert contact_key([]) is None
