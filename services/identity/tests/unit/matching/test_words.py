"""How spellings of names are folded and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.matching.domain.likeness.words import (
    Likeness,
    compare_given_names,
    compare_words,
    fold,
    fold_name,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("  José  ", "jose"),
        ("Straße", "strasse"),
        ("ÅSA", "asa"),
        ("12-A, Main St.", "12 a main st"),
        ("李明", "李明"),
    ],
)
def test_case_accents_and_marks_make_no_difference(written: str, folded: str):
    assert fold(written) == folded


@pytest.mark.parametrize("written", ["O'Brien", "O\u2019Brien", "OBrien", "o-brien"])
def test_marks_inside_a_name_are_left_out(written: str):
    assert fold_name(written) == "obrien"


@pytest.mark.parametrize(
    ("left", "right", "likeness"),
    [
        ("margaret", "margaret", Likeness.SAME),
        ("margaret", "peggy", Likeness.NICKNAME),
        ("bob", "robert", Likeness.NICKNAME),
        ("bill", "will", Likeness.NICKNAME),
        ("margaret", "margarte", Likeness.CLOSE),
        ("jon", "j", Likeness.INITIAL),
        ("anna", "b", Likeness.DIFFERENT),
        ("anna", "peter", Likeness.DIFFERENT),
    ],
)
def test_given_names(left: str, right: str, likeness: Likeness):
    assert compare_given_names(left, right) is likeness
    assert compare_given_names(right, left) is likeness


@pytest.mark.parametrize(
    ("left", "right"), [("meier", "maier"), ("smith", "smyth"), ("thompson", "tompson")]
)
def test_surnames_that_sound_alike_are_alike(left: str, right: str):
    assert compare_words(left, right) in {Likeness.CLOSE, Likeness.SIMILAR}


@given(st.text(max_size=30), st.text(max_size=30))
def test_comparison_is_symmetric_and_total(left: str, right: str):
    one, other = fold(left), fold(right)
    assert compare_words(one, other) is compare_words(other, one)
    assert compare_given_names(one, other) is compare_given_names(other, one)


@given(st.text(max_size=120))
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)
