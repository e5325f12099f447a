"""Which parts of a context are read."""

import pytest

from common.errors import InvalidError
from interactions.context.domain.selection import choose_parts

PARTS = ("customer", "conversations", "sla")


def test_without_include_all_parts_are_chosen():
    assert choose_parts(None, available=PARTS, pointer="include") == PARTS


def test_parts_come_in_their_fixed_order():
    assert choose_parts(["sla", "customer"], available=PARTS, pointer="include") == (
        "customer",
        "sla",
    )


@pytest.mark.parametrize("names", [["customers"], [], ["sla", ""]])
def test_an_unknown_part_is_refused_with_the_name_of_the_field(names):
    with pytest.raises(InvalidError) as caught:
        choose_parts(names, available=PARTS, pointer="/include")
    assert caught.value.errors[0].pointer == "/include"
