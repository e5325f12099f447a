"""Scopes, types and what holds for identifiers of every type."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.testing.observation.budgets import cpu_units
from identifiers import (
    BUILT_IN_TYPES,
    MAX_KEY_BYTES,
    MAX_VALUE_LENGTH,
    Form,
    IdentifierType,
    Rules,
    ScopeRule,
    UnusableReason,
    Usable,
    normalise,
)
from libs.identifiers.tests.readings import key, read, reason, unusable, usable


def test_a_scope_means_nothing_where_values_are_unique_by_themselves():
    for kind, value in [("email", "a@b.test"), ("phone", "+442079460018"), ("telegram", "@anna")]:
        assert key(kind, value, "shop") == key(kind, value, None)
    assert key("whatsapp", "442079460018", "shop") == key("whatsapp", "442079460018", None)


@pytest.mark.parametrize("kind", ["messenger", "instagram", "slack", "external_id"])
def test_a_scope_is_required_where_values_repeat(kind):
    assert reason(kind, "1001x", None) is UnusableReason.SCOPE_MISSING
    assert key(kind, "1001x", "a") != key(kind, "1001x", "b")


def test_the_source_of_a_call_is_the_scope_of_ids_that_need_one():
    shop = normalise("external_id", "1001", None, Rules(source="shop", account="page"))
    assert shop == normalise("external_id", "1001", "shop")
    assert shop != normalise("external_id", "1001", None, Rules(source="erp"))
    cookie = usable(normalise("cookie", "1001", None, Rules(source="shop", account="page")))
    assert cookie.key.scope == ""


@pytest.mark.parametrize("kind", ["messenger", "instagram", "slack"])
def test_the_account_of_a_channel_is_the_scope_of_ids_that_need_one(kind):
    page = normalise(kind, "u1001", None, Rules(source="shop", account="page"))
    assert page == normalise(kind, "u1001", "page")
    nameless = unusable(normalise(kind, "u1001", None, Rules(source="shop")))
    assert nameless.reason is UnusableReason.SCOPE_MISSING


@pytest.mark.parametrize("scope", ["", "  ", "null", "undefined", "None", "\u200b"])
def test_no_scope_is_a_missing_scope_however_it_is_written(scope):
    assert reason("external_id", "1001", scope) is UnusableReason.SCOPE_MISSING
    assert key("cookie", "1001x", scope) == key("cookie", "1001x", None)


def test_a_type_that_nobody_registered_is_exact():
    assert key("badge", "AB-1", None) == ("badge", "", "AB-1")
    assert key("badge", "AB-1", "gate") == ("badge", "gate", "AB-1")


def test_a_tenants_own_type_is_read_by_its_form():
    badge = IdentifierType(Form.FOLDED, ScopeRule.ACCOUNT)
    rules = Rules(types={**BUILT_IN_TYPES, "badge": badge})
    assert normalise("badge", "AB-1", "gate", rules) == normalise("badge", "ab-1", "gate", rules)
    nameless = unusable(normalise("badge", "AB-1", None, rules))
    assert nameless.reason is UnusableReason.SCOPE_MISSING


OWN_TYPES = [
    IdentifierType(form, scope, is_device=is_device)
    for form in (Form.EXACT, Form.FOLDED)
    for scope in (ScopeRule.NONE, ScopeRule.OPTIONAL, ScopeRule.SOURCE)
    for is_device in (False, True)
]
_A_UUID = "0AF86a0b3a9c4ebfa1c34f3a1b1e9d77"
own_values = st.one_of(
    st.sampled_from(["AB-1", "ab-1", "Ab-1 ", _A_UUID, _A_UUID.lower(), _A_UUID.upper()]),
    st.sampled_from(["0A-1B-2C-3D-4E-5F", "0a:1b:2c:3d:4e:5f", "Straße", "STRASSE", "Σας", "ΣΑΣ"]),
    st.text(max_size=8),
)


@given(st.sampled_from(OWN_TYPES), own_values, own_values, st.sampled_from([None, "s", "S"]))
def test_no_rules_of_a_tenant_tell_apart_what_is_one_without_them(own, one, other, scope):
    """Interactions looks up without these rules: it then misses, and never hits another key."""
    rules = Rules(types={**BUILT_IN_TYPES, "badge": own}, source="shop")
    without = [read("badge", value, scope) for value in (one, other)]
    if isinstance(without[0], Usable) and without[0] == without[1]:
        assert normalise("badge", one, scope, rules) == normalise("badge", other, scope, rules)


@given(st.sampled_from(OWN_TYPES), own_values, st.sampled_from([None, "s", "S"]))
def test_a_key_by_a_tenants_rules_is_its_own_key_without_them(own, value, scope):
    rules = Rules(types={**BUILT_IN_TYPES, "badge": own}, source="shop")
    outcome = normalise("badge", value, scope, rules)
    if isinstance(outcome, Usable):
        assert key("badge", outcome.key.value, outcome.key.scope) == outcome.key


texts = st.text(
    st.one_of(
        st.sampled_from(string.printable + 'äßςİﷺ１٣\u200b\u00ad\u202eΣ@@@+++...<>""()'),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@given(st.sampled_from(sorted(BUILT_IN_TYPES)), texts, st.sampled_from([None, "GB", "MX", "AR"]))
def test_the_value_of_a_key_normalises_to_itself(kind, value, region):
    outcome = read(kind, value, "s", region)
    if isinstance(outcome, Usable):
        again = read(outcome.key.type, outcome.key.value, outcome.key.scope or "s")
        assert isinstance(again, Usable)
        assert again.key.value == outcome.key.value
        assert again.key.type == outcome.key.type
        assert len(outcome.key.value.encode()) <= MAX_KEY_BYTES


@given(st.sampled_from(["email", "phone", "external_id", "cookie"]), texts)
def test_spaces_around_and_invisible_characters_make_no_difference(kind, value):
    assert read(kind, f" \u200b{value}\ufeff\t") == read(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "a@" + ".".join(["ü" * 20] * 12)),
        ("email", '"' + '\\"' * 490 + "@a"),
        ("email", "a@" * 499),
        ("email", "<" * 998),
        ("email", "(" * 990 + "@a"),
        ("email", "\ufdfa" * 998),
        ("email", "@" + " ," * 490 + "@"),
        ("phone", "+1" + " " * 60 + "2"),
        ("phone", "+4420794600" + "," * 52),
        ("external_id", "\ufdfa" * 512),
        ("external_id", "n/" * 256),
        ("telegram", "a/" * 250),
        ("whatsapp", "4" * 192),
    ],
)
def test_the_dearest_spelling_of_each_kind_costs_little(kind, value):
    assert cpu_units(lambda: [read(kind, value) for _ in range(20)]) <= 40


def test_a_value_or_scope_beyond_the_limit_has_no_key():
    longer = "x" * (MAX_VALUE_LENGTH + 1)
    assert reason("cookie", f"1{longer}") is UnusableReason.TOO_LONG
    assert reason("cookie", "x1", longer) is UnusableReason.TOO_LONG


@pytest.mark.parametrize("character", ["\U00020000", "\ufdfa"])
def test_a_key_that_no_index_takes_is_too_long(character):
    """Four bytes a character, or many characters in the compatibility form."""
    text = character * MAX_VALUE_LENGTH
    assert reason("cookie", text) is UnusableReason.TOO_LONG
    assert reason("cookie", "x1", text) is UnusableReason.TOO_LONG
