"""What is wrong with rules is said field by field; whatever passes can be stored and followed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Level
from identity.customers.domain.type_rules import Cap, Rank
from identity.registry.domain.blocked import BlockedValue, Match
from identity.registry.domain.registered_type import Category, Comparison, RegisteredType, Scope
from identity.registry.domain.rule_checks import errors_in
from identity.registry.domain.rule_set import RuleSet, TypeSettings, limits_of

SERVICE = CustomerLimits(max_identifiers=200)
DEFAULT = RuleSet.of_service(SERVICE)


def registered(kind: str, category: Category) -> RegisteredType:
    return RegisteredType(
        type=kind,
        name=kind,
        comparison=Comparison.EXACT,
        scope=Scope.OPTIONAL,
        category=category,
        registered_at=datetime(2026, 11, 23, tzinfo=UTC),
        registered_by="key:1",
    )


BADGE = registered("badge", Category.OWN_NUMBER)
KIOSK = registered("kiosk", Category.DEVICE)


def errors(rules: RuleSet) -> dict[str, str]:
    found = errors_in(rules, [BADGE, KIOSK], most_identifiers=SERVICE.max_identifiers)
    return {error.pointer: error.detail for error in found}


@pytest.mark.parametrize(
    ("kind", "settings", "pointer", "detail"),
    [
        ("emial", TypeSettings(), "/types/emial", "did you mean email"),
        ("pager", TypeSettings(), "/types/pager", "register it first"),
        ("sms", TypeSettings(), "/types/sms", "is another name of phone"),
        ("cookie", TypeSettings(exclusive=True), "/types/cookie/exclusive", "false for a device"),
        ("kiosk", TypeSettings(exclusive=True), "/types/kiosk/exclusive", "false for a device"),
        (
            "badge",
            TypeSettings(exclusive=True, max_values=2),
            "/types/badge/max_values",
            "must be 1 or absent",
        ),
        (
            "email",
            TypeSettings(exclusive=False, replaceable=True),
            "/types/email/replaceable",
            "unless the type is exclusive",
        ),
        (
            "email",
            TypeSettings(values_window_days=3),
            "/types/email/values_window_days",
            "absent without max_values",
        ),
        (
            "email",
            TypeSettings(neighbours_window_days=3),
            "/types/email/neighbours_window_days",
            "absent without max_neighbours",
        ),
    ],
)
def test_a_type_that_cannot_be_ruled_so_is_named(kind, settings, pointer, detail):
    found = errors(replace(DEFAULT, types={kind: settings}))
    assert list(found) == [pointer]
    assert detail in found[pointer]


@pytest.mark.parametrize(
    ("entries", "pointer", "detail"),
    [
        ([("emial", "exact", "a")], "/blocked/0/type", "did you mean email"),
        ([(None, "exact", "a"), (None, "exact", "a")], "/blocked/1", "the same as entry 0"),
        ([(None, "pattern", "(a")], "/blocked/0/value", "unclosed group"),
        ([(None, "pattern", ".*")], "/blocked/0/value", "matches an empty value"),
        (
            [(None, "pattern", f"{n:03}" + "x" * 197) for n in range(26)],
            "/blocked",
            "too long together",
        ),
    ],
)
def test_a_value_that_cannot_be_blocked_is_named(entries, pointer, detail):
    blocked = tuple(BlockedValue(kind, Match(match), value) for kind, match, value in entries)
    found = errors(replace(DEFAULT, blocked=blocked))
    assert list(found) == [pointer]
    assert detail in found[pointer]


def test_no_rules_exceed_the_limits_of_the_service():
    found = errors(replace(DEFAULT, max_identifiers=201))
    assert "at most 200" in found["/max_identifiers"]
    tightened = replace(SERVICE, max_identifiers=20)
    assert limits_of(DEFAULT, {}, tightened).max_identifiers == 20


def test_limits_follow_the_rules_and_the_registered_types():
    rules = replace(
        DEFAULT,
        version=4,
        max_identifiers=30,
        max_neighbours=3,
        claim_days=7,
        types={
            "email": TypeSettings(max_values=2, values_window_days=30, priority=5),
            "badge": TypeSettings(exclusive=False, max_neighbours=4),
            "loyalty_id": TypeSettings(exclusive=False),
        },
    )
    limits = limits_of(rules, {"badge": BADGE, "kiosk": KIOSK}, SERVICE)
    assert (limits.rules_version, limits.max_identifiers, limits.max_neighbours) == (4, 30, 3)
    assert limits.claim_lifetime == timedelta(days=7)
    email, badge = limits.types.of("email"), limits.types.of("badge")
    assert (email.rank, email.priority) == (Rank.CONTACT_POINT, 5)
    assert email.values == Cap(2, timedelta(days=30))
    assert (badge.rank, badge.is_exclusive, badge.neighbours) == (Rank.OWN_NUMBER, False, Cap(4))
    assert limits.types.of("kiosk").rank is Rank.DEVICE
    assert not limits.types.of("loyalty_id").is_replaceable
    assert limits.types.of("external_id").is_exclusive


settings_ = st.builds(
    TypeSettings,
    exclusive=st.none() | st.booleans(),
    replaceable=st.none() | st.booleans(),
    max_values=st.none() | st.integers(1, 500),
    values_window_days=st.none() | st.integers(1, 3_650),
    max_neighbours=st.none() | st.integers(1, 500),
    neighbours_window_days=st.none() | st.integers(1, 3_650),
    priority=st.none() | st.integers(0, 1_000),
    default_level=st.none() | st.sampled_from(Level),
)
blocked_ = st.builds(
    BlockedValue,
    type=st.none() | st.sampled_from(["email", "badge"]),
    match=st.sampled_from(Match),
    value=st.text(min_size=1),
)
rule_sets = st.builds(
    RuleSet,
    version=st.integers(1, 9),
    max_identifiers=st.integers(1, 500),
    max_neighbours=st.integers(2, 100),
    claim_days=st.integers(1, 3_650),
    types=st.dictionaries(st.sampled_from(["email", "badge", "cookie"]), settings_),
    blocked=st.lists(blocked_).map(tuple),
    note=st.none() | st.text(),
)


@given(rule_sets)
def test_rules_are_stored_as_they_are(rules):
    assert RuleSet.of_body(rules.body(), version=rules.version, note=rules.note) == rules


@given(rule_sets)
def test_every_set_of_rules_is_checked_or_followed(rules):
    if not errors(rules):
        limits = limits_of(rules, {"badge": BADGE}, SERVICE)
        assert limits.types.of("cookie").rank is Rank.DEVICE
