"""What callers learn about their invalid fields."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticKnownError, core_schema

from common.errors import ErrorCode, FieldError, RefusedValueError, nearest
from common.jsons import describe_pattern, dumps, field_errors
from common.jsons.wording import words_of
from common.web.requests import RequestModel

RAW = re.compile(r"\b(should|Input|String|List|pydantic|permitted|Extra|validation)\b|\\|\^|\$")
CONTEXT = {
    "le": 1, "ge": 1, "lt": 1, "gt": 1, "multiple_of": 2, "field_type": "List", "min_length": 2,
    "max_length": 2, "actual_length": 3, "pattern": r"^x\z", "expected": "'a' or 'b'",
    "error": "E", "expected_tags": "'a', 'b'", "tag": "z", "discriminator": "t", "class": "C",
    "class_name": "C", "method_name": "m", "encoding": "e", "encoding_error": "x",
    "tz_expected": 1, "tz_actual": 2, "max_digits": 1, "decimal_places": 1, "whole_digits": 1,
    "expected_version": 4, "expected_schemes": "x", "name": "n", "attribute": "a",
}  # fmt: skip


class Day(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"


def _small(value: int) -> int:
    if value > 9:
        raise RefusedValueError(ErrorCode.OUT_OF_RANGE, "must be at most 9")
    return value


def _never_empty(value: Sequence[str]) -> Sequence[str]:
    if not value:
        raise RefusedValueError(ErrorCode.MISSING, "must not be empty")
    return value


class Hours(RequestModel):
    start: Annotated[
        str, StringConstraints(pattern=describe_pattern(r"^[0-9]{2}\z", "must be an hour, 00"))
    ]


class Plan(RequestModel):
    time_zone: str
    day: Annotated[Day, Field(strict=False)] = Day.MONDAY
    kind: Literal["open", "closed"] = "open"
    value: str | bool | list[str] | None = None
    small: Annotated[int, AfterValidator(_small)] = 0
    hours: dict[str, list[Hours]] = Field(default_factory=dict)
    names: Annotated[list[str], Field(min_length=1, max_length=2)] = Field(
        default_factory=lambda: ["a"]
    )
    required_later: Annotated[list[str], AfterValidator(_never_empty)] = Field(
        default_factory=list, validate_default=True
    )


SOUND = {"time_zone": "UTC", "required_later": ["x"]}


def errors_of(document: Any, **limits: int) -> list[FieldError]:
    with pytest.raises(ValidationError) as raised:
        Plan.model_validate_json(dumps(document))
    return field_errors(raised.value, document, Plan, **{"limit": 100} | limits)


@pytest.mark.parametrize(
    ("change", "pointer", "code", "detail", "near"),
    [
        ({"timezone": "x"}, "/timezone", "unknown_field", "there is no such field", "time_zone"),
        ({"TimeZone": "x"}, "/TimeZone", "unknown_field", "there is no such field", "time_zone"),
        ({"day": "mon"}, "/day", "not_allowed", "must be one of monday, tuesday", "monday"),
        ({"day": "zz"}, "/day", "not_allowed", "must be one of monday, tuesday", None),
        ({"kind": "Close"}, "/kind", "not_allowed", "must be one of open, closed", "closed"),
        ({"time_zone": 5}, "/time_zone", "wrong_type", "must be a string", None),
        ({"value": 5}, "/value", "wrong_type", "must be a string or true or false or a list", None),
        ({"value": [5]}, "/value/0", "wrong_type", "must be a string", None),
        ({"small": 10}, "/small", "out_of_range", "must be at most 9", None),
        ({"names": []}, "/names", "too_few", "must not be empty", None),
        ({"names": ["a"] * 3}, "/names", "too_many", "must have at most 2 items", None),
        ({"hours": {"monday": [{"start": "9"}]}}, "/hours/monday/0/start", "invalid_format",
         "must be an hour, 00", None),
        ({"hours": {"monday": [{"start": "09", "stop": 1}]}}, "/hours/monday/0/stop",
         "unknown_field", "there is no such field", None),
        ({"hours": {"monday": [{"begin": "09"}]}}, "/hours/monday/0/start", "missing",
         "is required", None),
    ],
)  # fmt: skip
def test_an_error_has_a_code_words_and_a_near_name(
    change: Any, pointer: str, code: str, detail: str, near: str | None
):
    found = {error.pointer: error for error in errors_of(SOUND | change)}
    suggestion = "" if near is None else f"; did you mean {near}?"
    assert found[pointer].code == code
    assert found[pointer].detail == detail + suggestion
    assert found[pointer].near == near


def test_an_error_lists_what_is_allowed():
    found = {error.pointer: error for error in errors_of({"zone": 1, "day": "x"})}
    assert found["/day"].allowed == ("monday", "tuesday")
    assert set(found["/zone"].allowed) == set(Plan.model_fields)


def test_an_error_points_at_the_missing_member():
    assert {error.pointer for error in errors_of({})} == {"/time_zone", "/required_later"}


def test_no_value_of_the_caller_is_repeated():
    canary = "anna@example.test"
    body = {"time_zone": [canary], "day": canary, "kind": canary, "value": {"x": canary}}
    assert canary not in str(errors_of(body))


def test_the_list_and_its_hints_are_limited():
    body = SOUND | {f"time_zon{n}": 1 for n in range(50)}
    found = errors_of(body, limit=10, hints=2)
    assert [error.near for error in found] == ["time_zone"] * 2 + [None] * 8
    assert [bool(error.allowed) for error in found] == [True] * 2 + [False] * 8


@pytest.mark.parametrize("kind", get_args(core_schema.ErrorType))
def test_no_error_of_pydantic_keeps_its_own_words(kind: Any):
    code, words = words_of(kind, CONTEXT)
    assert code in set(ErrorCode)
    assert not RAW.search(words), words
    if kind != "no_such_attribute":
        assert words != PydanticKnownError(kind, CONTEXT).message()


@pytest.mark.parametrize(
    ("value", "near"),
    [
        ("emial", "email"), ("Email", "email"), ("phon", "phone"), ("e-mail", "email"),
        ("x", None), ("", None), (None, None), (7, None), ("e" * 65, None), ("zebra", None),
    ],
)  # fmt: skip
def test_a_near_name_is_one_of_ours(value: Any, near: str | None):
    assert nearest(value, ("email", "phone", "email_alias")) == near
