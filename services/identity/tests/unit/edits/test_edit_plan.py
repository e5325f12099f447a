from dataclasses import replace
from datetime import timedelta

import pytest

from common.errors import InvalidError
from identity.customers.domain.attributes import AttributeValue, Json, visible_values
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.edits.domain.edit_plan import Editor, check_edit, merge_patch, plan_edit
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import NOW, P, V, customer

EDITOR = Editor("key:7")


def with_attributes(**values: AttributeValue) -> Customer:
    return replace(customer(1), attributes=values)


def edited(before: Customer, **patch: Json) -> Customer:
    roster = Roster([before])
    roster.observe(before.id, plan_edit(before, patch, EDITOR, now=NOW), level=V)
    return roster.get(before.id)


def reported(value: Json) -> AttributeValue:
    return AttributeValue(value, "crm", NOW - timedelta(hours=1), NOW, P)


PRESENT = {
    "in the future": replace(reported("x"), observed_at=NOW + timedelta(days=9), level=V),
    "verified and important": replace(reported("x"), level=V, priority=9),
    "written later": replace(reported("x"), observed_at=NOW, level=V, sequence=2**62),
}


@pytest.mark.parametrize(
    ("target", "patch", "after"),
    [
        # The examples of RFC 7396, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_patches_merge_as_in_the_standard(target, patch, after):
    assert merge_patch(target, patch) == after


def test_an_edit_sets_clears_and_leaves_alone():
    before = with_attributes(name=reported("Ann"), tier=reported("gold"), age=reported(41))
    after = edited(before, name="Anna", tier=None)
    assert visible_values(after.attributes) == {"name": "Anna", "age": 41}
    assert after.version == before.version + 1
    assert after.attributes["name"].source == after.attributes["tier"].source == "key:7"


def test_members_of_an_object_are_merged():
    before = with_attributes(address=reported({"city": "Lund", "zip": "22100"}))
    after = edited(before, address={"city": "Kiruna", "zip": None})
    assert visible_values(after.attributes) == {"address": {"city": "Kiruna"}}


@pytest.mark.parametrize("present", PRESENT.values(), ids=PRESENT)
@pytest.mark.parametrize("value", ["a", "z", None])
def test_an_edit_counts_whatever_it_replaces(present, value):
    after = edited(with_attributes(name=present), name=value)
    assert visible_values(after.attributes).get("name") == value


def test_an_edit_without_effect_takes_no_version():
    before = with_attributes(name=reported("Anna"))
    assert edited(before, name="Anna").version == before.version


def test_too_large_or_too_many_attributes_are_refused():
    before = with_attributes(note=reported({"a": "x" * 3_000}), name=reported("Anna"))
    large = plan_edit(before, {"note": {"b": "y" * 3_000}}, EDITOR, now=NOW)
    with pytest.raises(InvalidError) as error:
        check_edit(before, large, CustomerLimits())
    assert error.value.errors[0].pointer == "/attributes/note"
    more = plan_edit(before, {"tier": "gold"}, EDITOR, now=NOW)
    check_edit(before, more, CustomerLimits(max_attributes=3))
    with pytest.raises(InvalidError):
        check_edit(before, more, CustomerLimits(max_attributes=2))
