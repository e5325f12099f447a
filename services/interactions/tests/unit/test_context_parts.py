"""Which parts are answered, and what is said about their completeness."""

import pytest

from common.errors import InvalidError
from interactions.context.domain.parts import PARTS, Source, choose_parts, status_of_source
from interactions.context.domain.search import read_search


def test_without_include_all_parts_are_answered():
    assert choose_parts(None, pointer="include") == PARTS


def test_parts_come_in_their_fixed_order():
    assert choose_parts(["sla", "customer"], pointer="include") == ("customer", "sla")


@pytest.mark.parametrize("names", [["customers"], [], ["sla", ""]])
def test_an_unknown_part_is_refused_by_name_of_the_field(names):
    with pytest.raises(InvalidError) as caught:
        choose_parts(names, pointer="/include")
    assert caught.value.errors[0].pointer == "/include"


def test_a_fresh_source_is_complete():
    status = status_of_source(Source("sla", "t", 1.0), stale_after_seconds=10)
    assert (status.complete, status.reason, status.as_of) == (True, None, "t")


def test_a_stale_source_says_how_far_behind_it_is():
    status = status_of_source(Source("sla", "t", 42.7), stale_after_seconds=10)
    assert (status.complete, status.reason) == (False, "sla events are 42 s behind")


def test_a_source_never_heard_of_is_not_complete():
    status = status_of_source(Source("sla", None, None), stale_after_seconds=10)
    assert (status.complete, status.reason) == (False, "no sla events have arrived yet")


@pytest.mark.parametrize(
    ("typed", "head", "prefix"),
    [
        ("order", "", "'order':*"),
        ("late ord", "late ", "'ord':*"),
        ("late order ", "", ""),
        ('"late order"', "", ""),
        ('"late ord', "", ""),
        ("late -ord", "", ""),
        ("late or", "", ""),
        ("o'neill\\", "", "'o''neill\\\\':*"),
        ("", "", ""),
    ],
)
def test_only_an_unfinished_plain_word_is_a_prefix(typed, head, prefix):
    search = read_search(typed)
    assert (search.head, search.prefix) == (head, prefix)
