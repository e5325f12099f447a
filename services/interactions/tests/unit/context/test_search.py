"""What a search box means."""

import pytest

from interactions.context.domain.search import read_search


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
        ("ticket - ord", "ticket ", "'ord':*"),
        ("late --verbose", "late ", "'verbose':*"),
        (40 * "-", "", ""),
        (20 * "- ", "", ""),
        ("a b " + 18 * "c " + "d", "", ""),
    ],
)
def test_only_an_unfinished_plain_word_is_a_prefix(typed, head, prefix):
    search = read_search(typed)
    assert (search.head, search.prefix) == (head, prefix)
