"""What is left of personal values for callers who may not see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.web.responses import Masker
from common.web.responses.masking import mask_email, mask_name, mask_phone, mask_text, mask_value


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (mask_email("anna@example.test"), "a***@***"),
        (mask_email("not an address"), "***"),
        (mask_phone("+44 20 7946 0018"), "***18"),
        (mask_phone("112"), "***"),
        (mask_name("  Anna Berg"), "A***"),
        (mask_name(""), "***"),
        (mask_text("call me at 5"), "***"),
        (mask_value("email", "anna@example.test"), "a***@***"),
        (mask_value("loyalty_card", "4711"), "***"),
    ],
)
def test_masks(masked: str, expected: str):
    assert masked == expected


@given(st.sampled_from(["email", "phone", "name", "passport"]), st.text(max_size=100))
def test_a_mask_tells_neither_length_nor_more_than_two_characters(kind: str, value: str):
    masked = mask_value(kind, value)
    assert len(masked) <= 8
    assert len(masked.replace("***", "").replace("@", "")) <= 2


def test_attributes_that_are_nobodys_stay():
    blind = Masker(sees_pii=False)
    assert blind.attribute("tier", "gold") == "gold"
    assert blind.attribute("first_name", "Anna") == "A***"
    assert blind.attribute("shoe_size", 43) == "***"
    assert Masker(sees_pii=True).attribute("shoe_size", 43) == 43


def test_those_who_may_see_do_and_none_stays_none():
    sees, blind = Masker(sees_pii=True), Masker(sees_pii=False)
    for name in ("email", "phone", "name", "text"):
        assert getattr(sees, name)("x@y") == "x@y"
        assert "x@y" not in getattr(blind, name)("x@y")
        assert getattr(blind, name)(None) is None
    assert blind.value("email", None) is None
