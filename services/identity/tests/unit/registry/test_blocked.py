"""Values that a tenant blocks, and what a pattern may cost."""

import time

import pytest

from identity.registry.domain.blocked import (
    MAX_WEIGHT,
    BlockedValue,
    BlockedValues,
    Match,
    UnusablePatternError,
    compile_pattern,
    weight_of,
)


def blocked(*entries: tuple[str | None, str, str]) -> BlockedValues:
    return BlockedValues(
        tuple(BlockedValue(kind, Match(match), value) for kind, match, value in entries)
    )


@pytest.mark.parametrize(
    ("entry", "value", "is_blocked"),
    [
        (("badge", "exact", "AB-1"), "AB-1", True),
        (("badge", "exact", "AB-1"), " AB-1 ", True),
        (("badge", "exact", "AB-1"), "ab-1", False),
        (("badge", "any_case", "AB-1"), "ab-1", True),
        (("badge", "any_case", "straße"), "STRASSE", True),
        (("badge", "any_case", "AB-1"), "AB-12", False),
        (("badge", "pattern", "test[0-9]+"), "TEST12", True),
        (("badge", "pattern", "test[0-9]+"), "atest12", False),
        (("badge", "pattern", "test[0-9]+"), "test12a", False),
        (("badge", "pattern", "a|b"), "ab", False),
        ((None, "exact", "AB-1"), "AB-1", True),
        ((None, "any_case", "ab-1"), "AB-1", True),
        ((None, "pattern", ".*@test"), "x@test", True),
        (("card", "exact", "AB-1"), "AB-1", False),
        (("card", "pattern", "AB.*"), "AB-1", False),
    ],
)
def test_a_value_is_compared_by_its_entry(entry, value, is_blocked):
    assert blocked(entry).block("badge", value) is is_blocked


def test_each_spelling_counts():
    entries = blocked(("phone", "exact", "+4686113000"))
    assert entries.block("phone", "08-611 30 00", "+4686113000")
    assert not entries.block("phone", "08-611 30 01", "+4686113001")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "unclosed group"),
        ("a)|(b", "unopened group"),
        ("[", "unclosed character class"),
        (r"(a)\1", "backreferences are not supported"),
        ("(?=a)b", "look-around"),
        ("(?x) # )", "unclosed group"),
        ("a*", "matches an empty value"),
        (r"\w{500}", "repeats too much"),
        ("(a{40}){40}", "repeats too much"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why(pattern, reason):
    with pytest.raises(UnusablePatternError, match=reason):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*a){15}b", r"(\w|\d)*[!]", "(a?){8}a{8}"]
)
def test_a_pattern_takes_no_longer_than_its_weight(pattern):
    """Each of them keeps an engine that goes back busy without end."""
    matcher = compile_pattern(pattern)
    began = time.process_time()
    for _ in range(20):
        matcher.isinstance_python("a" * 512)
    assert time.process_time() - began < 1


def test_the_weight_counts_repetitions_and_classes():
    assert weight_of("abc") == 3
    assert weight_of("a{3}") == 12
    assert weight_of("(a{3}){2,10}") > 12 * 10
    assert weight_of(r"\w") > weight_of("[a-z]")
    assert weight_of("(a{9}){9}") < MAX_WEIGHT
