"""Contacts: by what an identifier is looked up, and what stands for a sender without a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interactions.history import Identifier, Level, key_of_identity, with_scope
from interactions.history.domain.contact import MAX_KEY_BYTES, contact_key, sender_key, why_unusable

TYPES = st.sampled_from(["phone", "whatsapp", "email", "customer_number"])


@pytest.mark.parametrize(
    ("kind", "spelling", "key"),
    [
        ("phone", " +44 (20) 7946-0018 ", ("phone", "", "+442079460018")),
        ("whatsapp", "442079460018", ("phone", "", "+442079460018")),
        ("email", "Anna <Anna@Example.TEST>", ("email", "", "anna@example.test")),
        ("viber", "AbC=", ("viber", "", "AbC=")),
        ("phone", "anonymous", None),
        ("phone", "68849", None),
        ("email", "n/a", None),
    ],
)
def test_an_identifier_is_looked_up_by_its_key(kind, spelling, key):
    assert Identifier(kind, spelling).key == key


def test_an_extension_is_not_part_of_a_longer_number():
    assert Identifier("phone", "+493097925#5").key != Identifier("phone", "+4930979255").key


def test_ids_that_differ_in_case_have_two_keys():
    first = Identifier("external_id", "0015A00000Gv7qJ", "crm")
    assert first.key != Identifier("external_id", "0015A00000Gv7qj", "crm").key


def test_the_region_reads_national_numbers():
    assert Identifier("phone", "020 7946 0018", region="GB").key == ("phone", "", "+442079460018")
    national = Identifier("phone", "020 7946 0018")
    assert (national.key, national.may_be_known) == (None, True)
    assert not Identifier("phone", "anonymous").may_be_known


@given(TYPES, st.text(max_size=500))
def test_a_key_is_short_enough_for_an_index(kind, value):
    key = Identifier(kind, value).key
    if key is not None:
        assert len(key[2].encode()) <= MAX_KEY_BYTES


@given(TYPES, st.text(max_size=100))
def test_a_key_that_identity_published_is_looked_up_as_it_is(kind, value):
    key = Identifier(kind, value, "s").key
    if key is not None:
        published, scope, normalised = key
        assert key_of_identity(published, scope or None, normalised) == key


@pytest.mark.parametrize(
    ("kind", "scope", "value"),
    [
        ("whatsapp", None, "+442079460018"),
        ("email", "shop", "anna@nordlys.se"),
        ("telegram", None, "t.me/anna"),
        ("external_id", None, "1001"),
        ("phone", None, "+5215512345678"),
    ],
)
def test_a_key_of_another_version_is_not_looked_up(kind, scope, value):
    assert key_of_identity(kind, scope, value) is None


def test_the_account_is_the_scope_of_ids_that_need_one():
    named = with_scope(Identifier("messenger", "123"), account="page", source="crm")
    assert named == Identifier("messenger", "123", "page")
    named = with_scope(Identifier("external_id", "123"), account="page", source="crm")
    assert named == Identifier("external_id", "123", "crm")
    for unchanged in (
        Identifier("messenger", "123", "other"),
        Identifier("email", "anna@nordlys.se"),
        Identifier("whatsapp", "442079460018"),
    ):
        assert with_scope(unchanged, account="page", source="crm") == unchanged
    assert with_scope(Identifier("external_id", "123"), account="page").key is None


@given(st.permutations([("email", "a@b.test"), ("phone", "+442079460018"), ("device", "x1")]))
def test_a_contact_has_one_key_whatever_the_order(identifiers):
    found = contact_key([Identifier(kind, value) for kind, value in identifiers])
    assert found == "phone||+442079460018"


def test_a_contact_without_identifiers_has_no_key():
    assert contact_key([]) is None


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("68849", "sender|phone|68849"),
        ("SUPPORT", "sender|phone|support"),
        ("0170 1234567", "sender|phone|01701234567"),
        ("anonymous", None),
        ("0000000000", None),
    ],
)
def test_a_sender_without_a_key_stands_for_himself(value, key):
    assert contact_key([Identifier("phone", value)]) == key


def test_what_stands_for_nobody_does_not_hide_a_contact():
    caller = Identifier("email", "anna@nordlys.se")
    assert contact_key([Identifier("phone", "anonymous"), caller]) == "email||anna@nordlys.se"


def test_the_reasons_are_told():
    identifiers = [Identifier("phone", "68849"), Identifier("email", "n/a")]
    assert why_unusable(identifiers) == "no identifier is usable: blocked, short_code"


MAIL = Identifier("email", "vic@nordlys.se")
VISITOR = Identifier("cookie", "k", level=Level.CHANNEL_PROVED)


def test_a_sender_stands_for_what_is_proved_and_not_for_what_is_claimed():
    proved = Identifier("email", "vic@nordlys.se", level=Level.CHANNEL_PROVED)
    assert sender_key([proved, VISITOR]) == "email||vic@nordlys.se"
    assert sender_key([VISITOR, MAIL]) == sender_key([VISITOR]) == "cookie||k"


def test_a_claim_stands_for_a_sender_of_whom_nothing_is_proved():
    anonymous = Identifier("phone", "anonymous", level=Level.CHANNEL_PROVED)
    assert sender_key([anonymous, MAIL]) == "claimed|email||vic@nordlys.se"
    assert sender_key([anonymous]) is None
