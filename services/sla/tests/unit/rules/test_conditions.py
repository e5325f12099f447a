"""Conditions on the attributes of a conversation, also on those without a value."""

import pytest

from sla.rules.domain.conditions import Condition, Conditions

VIP = Condition("tags", "in", ("vip", "press"))
CHAT = Condition("channel", "eq", ("chat",))


@pytest.mark.parametrize(
    ("op", "equal", "different", "absent"),
    [
        ("eq", True, False, False),
        ("in", True, False, False),
        ("ne", False, True, True),
        ("not_in", False, True, True),
    ],
)
def test_an_attribute_is_compared_and_an_absent_one_differs(op, equal, different, absent):
    condition = Condition("team", op, ("billing",))
    assert condition.holds({"team": "billing"}) is equal
    assert condition.holds({"team": "sales"}) is different
    assert condition.holds({"team": None}) is condition.holds({}) is absent


@pytest.mark.parametrize("empty", [{}, {"tags": None}, {"tags": []}, {"tags": ""}])
def test_exists_asks_for_a_value(empty):
    assert not Condition("tags", "exists").holds(empty)
    assert Condition("tags", "exists", exists=False).holds(empty)
    assert Condition("tags", "exists").holds({"tags": ["vip"]})
    assert not Condition("tags", "exists", exists=False).holds({"tags": ["vip"]})


def test_one_of_many_values_is_enough_and_one_is_enough_to_refuse():
    tagged = {"tags": ["new", "vip"]}
    assert VIP.holds(tagged)
    assert not Condition("tags", "not_in", ("vip",)).holds(tagged)
    assert not VIP.holds({"tags": ["new"]})


def test_every_condition_of_all_must_hold():
    both = Conditions(all_of=(VIP, CHAT))
    assert both.hold({"tags": ["vip"], "channel": "chat"})
    assert not both.hold({"tags": ["vip"], "channel": "email"})


def test_one_condition_of_any_must_hold():
    either = Conditions(any_of=(VIP, CHAT))
    assert either.hold({"channel": "chat"})
    assert not either.hold({"channel": "email"})


def test_all_and_any_must_both_hold():
    mixed = Conditions(all_of=(CHAT,), any_of=(VIP,))
    assert not mixed.hold({"channel": "chat"})
    assert not mixed.hold({"tags": ["vip"]})
    assert mixed.hold({"channel": "chat", "tags": ["press"]})


def test_no_conditions_hold_always():
    assert Conditions().hold({})
