from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.testing.observation.budgets import cpu_units
from identity.customers.domain.identifiers import DropReason, IdentifierKey, PresentedIdentifier
from identity.customers.domain.normalisation import MAX_VALUE_LENGTH, normalise

TYPES = (
    "email", "phone", "external_id", "loyalty_id", "account_id", "device", "cookie", "whatsapp",
    "messenger", "instagram", "telegram", "slack", "viber", "badge_number",
)  # fmt: skip


def value_of(kind: str, value: str, region: str | None = None) -> str:
    key = normalise(PresentedIdentifier(kind, value), region)
    assert isinstance(key, IdentifierKey), key
    return key.value


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("email", "  Anna.Lindqvist@Nordlys.SE ", "anna.lindqvist@nordlys.se"),
        ("email", "mailto:anna@nordlys.se", "anna@nordlys.se"),
        ("email", "Anna Lindqvist <anna@nordlys.se>", "anna@nordlys.se"),
        ("email", "an\u200bna@nordlys.se\ufeff", "anna@nordlys.se"),
        ("email", "\uff21nna@nordlys.se", "anna@nordlys.se"),
        ("email", "jörg@bücher.de", "jörg@xn--bcher-kva.de"),
        ("email", "first.last+tag@gmail.com", "first.last+tag@gmail.com"),
        ("phone", "+44 20 7946 0018", "+442079460018"),
        ("phone", "tel:+44-20-7946-0018", "+442079460018"),
        ("phone", "+44 (0)20 7946 0018", "+442079460018"),
        ("phone", "+44 20 7946 0018 ext. 12", "+442079460018"),
        ("whatsapp", "447911123456", "+447911123456"),
        ("whatsapp", "whatsapp:+447911123456", "+447911123456"),
        ("whatsapp", "DE.13491208655302741918", "DE.13491208655302741918"),
        ("telegram", "@Anna_L", "anna_l"),
        ("telegram", "391827364", "391827364"),
        ("slack", "U024BE7LH", "U024BE7LH"),
        ("external_id", " c-20417 ", "c-20417"),
        ("external_id", "C-20417", "C-20417"),
        ("viber", "01234567890A=", "01234567890A="),
        ("badge_number", "77\u200b12", "7712"),
    ],
)
def test_spellings_of_one_identifier_have_one_key(kind, written, value):
    assert value_of(kind, written) == value


def test_a_national_number_is_read_in_the_given_region():
    assert value_of("phone", "020 7946 0018", "GB") == "+442079460018"
    assert value_of("phone", "070-174 06 05", "se") == "+46701740605"
    assert value_of("whatsapp", "07911 123456", "GB") == "+447911123456"


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("phone", "020 7946 0018"),
        ("phone", "not a number"),
        ("phone", "+1-800-FLOWERS"),
        ("phone", "+44 12"),
        ("phone", "+447911123456789012"),
        ("phone", "112"),
        ("phone", "+99912345678"),
        ("whatsapp", "07911 123456"),
        ("whatsapp", "de.1349"),
        ("email", "anna"),
        ("email", "anna@nordlys"),
        ("email", "anna@@nordlys.se"),
        ("email", "anna@nordlys.se, berta@nordlys.se"),
        ("email", "anna@-nordlys.se"),
        ("telegram", "@"),
    ],
)
def test_an_unreadable_identifier_has_no_key(kind, written):
    outcome = normalise(PresentedIdentifier(kind, written))
    assert outcome in {DropReason.UNPARSEABLE, DropReason.BLOCKED}


@pytest.mark.parametrize("quote", ["{}", '"{}"', "'{}'", '\\"{}\\"', " {} ", "\u201c{}\u201d"])
@pytest.mark.parametrize(
    "word",
    [
        "", "0", "-1", "000000", "---", "00000000-0000-0000-0000-000000000000", "null", "NULL",
        "None", "nil", "undefined", "NaN", "[object Object]", "true", "False", "Anonymous", "guest",
        "UNKNOWN", "n/a", "N/A", "distinct_id", "example.com",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["email", "phone", "external_id", "cookie", "loyalty_card"])
def test_placeholders_are_blocked_in_every_spelling(kind, word, quote):
    assert normalise(PresentedIdentifier(kind, quote.format(word))) is DropReason.BLOCKED


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("email", "test@nordlys.se"),
        ("email", "NoReply@nordlys.se"),
        ("email", "no-reply+17@nordlys.se"),
        ("email", "mailer-daemon@nordlys.se"),
        ("phone", "0000000000"),
        ("phone", "+10000000000"),
        ("phone", "+1 (000) 000-0000"),
        ("phone", "111 111 1111"),
        ("whatsapp", "9999999999"),
    ],
)
def test_shared_and_dummy_addresses_are_blocked(kind, written):
    assert normalise(PresentedIdentifier(kind, written), "GB") is DropReason.BLOCKED


def test_a_value_or_scope_beyond_the_limit_has_no_key():
    assert (
        normalise(PresentedIdentifier("cookie", "x" * (MAX_VALUE_LENGTH + 1)))
        is DropReason.TOO_LONG
    )
    scope = "x" * (MAX_VALUE_LENGTH + 1)
    assert normalise(PresentedIdentifier("cookie", "x", scope)) is DropReason.TOO_LONG


@pytest.mark.parametrize("character", ["\U00020000", "\ufdfa"])
def test_a_key_that_no_index_takes_is_too_long(character: str):
    """Four bytes a character, or many characters after normalisation."""
    text = character * MAX_VALUE_LENGTH
    assert normalise(PresentedIdentifier("cookie", text)) is DropReason.TOO_LONG
    assert normalise(PresentedIdentifier("cookie", "x", text)) is DropReason.TOO_LONG


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", f"a@{'ü' * 59}.{'ö' * 59}.{'ä' * 59}.example"),
        ("email", f"{'ﷺ' * 300}@a.example"),
        ("phone", "+44 20 7946 0018 " + "0" * 47),
        ("phone", "1" * 64),
        ("whatsapp", "9" * 150),
        ("cookie", "\ufdfa" * MAX_VALUE_LENGTH),
    ],
)
def test_the_dearest_identifier_has_a_bounded_cost(kind: str, value: str):
    presented = PresentedIdentifier(kind, value)
    assert cpu_units(lambda: normalise(presented, "GB")) < 1


def test_a_scope_keeps_equal_values_apart():
    webshop = normalise(PresentedIdentifier("external_id", "C-1", "webshop"))
    assert webshop == IdentifierKey("external_id", "webshop", "C-1")
    assert webshop != normalise(PresentedIdentifier("external_id", "C-1", "till"))
    assert normalise(PresentedIdentifier("external_id", "C-1")) == IdentifierKey(
        "external_id", "", "C-1"
    )


def addresses(characters: str) -> st.SearchStrategy[str]:
    return st.builds(
        "{}@{}.{}".format,
        st.text(characters, min_size=1, max_size=20),
        st.text(characters, min_size=1, max_size=10),
        st.sampled_from(["se", "de", "example"]),
    )


@given(
    st.sampled_from(TYPES),
    st.text(max_size=40)
    | st.text(printable, max_size=40)
    | st.from_regex(r"\+?[0-9][0-9 ().-]{4,18}", fullmatch=True)
    | st.emails()
    | addresses("abcXYZ.öÅßİſ\u200b\uff46")
    | st.just("US.ENT.11815799212886844830"),
    st.sampled_from([None, "GB", "US", "BR", "SE"]),
)
def test_a_key_normalises_to_itself(kind, written, region):
    key = normalise(PresentedIdentifier(kind, written), region)
    if isinstance(key, IdentifierKey):
        assert normalise(PresentedIdentifier(kind, key.value), region) == key
        assert normalise(PresentedIdentifier(kind, key.value)) == key
