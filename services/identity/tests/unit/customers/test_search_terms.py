import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.search_terms import (
    MAX_NAME_BYTES,
    SearchTerms,
    fold_name,
    search_terms,
)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Anna Lindqvist", "anna lindqvist"),
        ("  ÅNNA\tLINDQVIST ", "anna lindqvist"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("O`Brien", "obrien"),
        ("Jean-Luc\u2010Marie", "jean luc marie"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Straße", "strasse"),
        ("Søren Ærø", "soren aero"),
        ("\u0130pek I\u015f\u0131k", "ipek isik"),
        ("e\u0301lodie", "elodie"),
        ("\uff21\uff4e\uff4e\uff41", "anna"),
        ("«Anna» “Lind”", "anna lind"),
        ("Анна Фёдорова", "анна федорова"),
        ("李明", "李明"),
        ("प्रिया", fold_name("प्रिया")),
        ("— ? —", ""),
    ],
)
def test_names_are_folded_to_letters_and_digits(name, folded):
    assert fold_name(name) == folded
    assert fold_name(folded) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold_name(fold_name(text)) == fold_name(text)


@given(st.text(alphabet="aäÄöéßøŁ'\u2019 -"))
def test_case_makes_no_difference(text):
    assert fold_name(text.upper()) == fold_name(text.lower()) == fold_name(text)


def test_all_names_are_searched_whole_ones_first():
    attributes = {
        "company_name": "Nordlys AB",
        "nickname": "Annie",
        "last_name": "Lindqvist",
        "first_name": "Anna",
        "name": "Anna K. Lindqvist",
        "notes": "calls on Mondays",
    }
    found = "anna k lindqvist nordlys ab annie"
    assert search_terms(attributes) == SearchTerms(name=found, tier=None)


@pytest.mark.parametrize("name", [None, 7, ["Anna"], {"first": "Anna"}, ""])
def test_what_is_no_text_is_no_name(name):
    assert search_terms({"name": name}).name == ""


def test_long_names_are_cut():
    assert len(search_terms({"name": "ab " * 500 + "x" * 900}).name) <= MAX_NAME_BYTES
    assert len(search_terms({"name": "x" * 900}).name) == MAX_NAME_BYTES
    assert search_terms({"name": "李" * 900}).name == "李" * (MAX_NAME_BYTES // 3)


@pytest.mark.parametrize(
    ("tier", "kept"), [("gold", "gold"), ("", None), (3, None), (None, None), ("x" * 65, None)]
)
def test_a_tier_is_a_short_text(tier, kept):
    assert search_terms({"tier": tier}).tier == kept
