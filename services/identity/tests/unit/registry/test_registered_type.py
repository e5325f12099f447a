"""Versions of a registered type, and how its values are read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from identity.registry.domain.registered_type import (
    UNREGISTERED,
    Category,
    Comparison,
    RegisteredType,
    Scope,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BADGE = RegisteredType(
    type="badge",
    name="Badge",
    comparison=Comparison.EXACT,
    scope=Scope.OPTIONAL,
    category=Category.OWN_NUMBER,
    registered_at=NOON,
    registered_by="key:1",
)


def test_a_change_makes_the_next_version():
    changed = replace(BADGE, name="Visitor's badge", registered_at=NOON + timedelta(hours=1))
    assert changed.following(replace(BADGE, version=3)) == replace(changed, version=4)
    assert BADGE.following(None) is BADGE


def test_the_same_again_by_somebody_else_is_no_new_version():
    current = replace(BADGE, version=3)
    again = replace(BADGE, registered_at=NOON + timedelta(hours=1), registered_by="key:2")
    assert again.following(current) is current


def test_a_change_of_the_name_leaves_identifiers_alone():
    assert BADGE.is_read_like(replace(BADGE, name="Visitor's badge"))
    assert not BADGE.is_read_like(replace(BADGE, category=Category.CONTACT_POINT))
    assert not BADGE.is_read_like(replace(BADGE, comparison=Comparison.FOLDED))


def test_identifiers_of_an_unregistered_type_are_contact_points():
    assert replace(BADGE, category=Category.CONTACT_POINT).is_read_like(None)
    assert not BADGE.is_read_like(None)


def test_the_freest_type_is_read_as_an_unregistered_one():
    assert BADGE.reading == UNREGISTERED


@pytest.mark.parametrize(
    "change",
    [
        {"comparison": Comparison.FOLDED},
        {"scope": Scope.REQUIRED},
        {"scope": Scope.IGNORED},
        {"category": Category.DEVICE},
    ],
)
def test_any_other_type_is_read_in_a_way_of_its_own(change):
    assert replace(BADGE, **change).reading != UNREGISTERED
