"""No regular expression of the product has a shape that makes it slow on short input."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _parser
from typing import Any

import pytest

import common
import identifiers
import identity
import interactions
import sla

UNBOUNDED = _parser.MAXREPEAT
ENTRY_POINTS = ("__main__",)
"""Modules that run a program when they are imported."""


def ours() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Yield every compiled pattern in the product's modules."""
    for package in (common, identifiers, identity, interactions, sla):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(ENTRY_POINTS):
                for name, value in vars(importlib.import_module(module.name)).items():
                    if isinstance(value, re.Pattern):
                        yield f"{module.name}.{name}", value


PATTERNS = dict(ours())
ONE_WAY = {
    "identifiers.placeholders._ONE_DIGIT": ("each round ends in a digit, which no inner loop has")
}
"""Nested repetitions that can match in one way only, with the reason."""


@pytest.mark.parametrize("name", sorted(PATTERNS.keys() - ONE_WAY.keys()))
def test_no_pattern_nests_repetitions(name: str):
    """Check that no loop contains a loop: matching would try every split between the two."""
    pattern = PATTERNS[name]
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    assert not _nested(_parser.parse(source, pattern.flags & ~re.UNICODE), inside=False), source


def test_the_check_finds_nested_repetitions():
    assert PATTERNS.keys() >= ONE_WAY.keys()
    for bad in ("(a+)+", "(a*)*b", "(?:a|b+)*", "((a{2,})x?)+"):
        assert _nested(_parser.parse(bad), inside=False), bad


def _nested(parsed: Any, *, inside: bool) -> bool:
    for operation, argument in parsed:
        kind = str(operation)
        if kind in {"MAX_REPEAT", "MIN_REPEAT"}:
            _, most, body = argument
            loops = most == UNBOUNDED
            if (loops and inside) or _nested(body, inside=inside or loops):
                return True
        elif kind == "SUBPATTERN":
            if _nested(argument[3], inside=inside):
                return True
        elif kind == "BRANCH" and any(_nested(way, inside=inside) for way in argument[1]):
            return True
    return False
