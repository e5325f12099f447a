"""Types for fields of bodies. None of them accepts U+0000, which Postgres cannot store."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from common.errors import ErrorCode, RefusedValueError
from common.jsons import describe_pattern, words_of
from common.messaging import rfc3339

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def without_nul(value: str) -> str:
    """Refuse U+0000 and lone surrogates, which no UTF-8 text column can hold."""
    if "\x00" in value:
        raise RefusedValueError(ErrorCode.INVALID_CHARACTERS, "must not contain U+0000")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RefusedValueError(
                ErrorCode.INVALID_CHARACTERS, "must not contain lone surrogates"
            ) from None
    return value


_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII | re.IGNORECASE)


def _written_out(value: Any) -> Any:
    """Refuse numbers in the place of a time, which would count as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_TIME.match(value)):
        return value
    raise RefusedValueError(*words_of("datetime_parsing", {}))


def _utc(value: datetime) -> datetime:
    try:
        moved = value.astimezone(UTC)
    except OverflowError:
        moved = _LATEST
    if not _EARLIEST <= moved < _LATEST:
        raise RefusedValueError(ErrorCode.OUT_OF_RANGE, "must be between the years 1970 and 9998")
    return moved


Timestamp = Annotated[
    AwareDatetime, Strict(strict=False), BeforeValidator(_written_out), AfterValidator(_utc)
]
"""RFC 3339 with an offset; kept in UTC."""

JsonTime = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time in an answer or an event: RFC 3339 in UTC, always with microseconds."""


def one_of(values: Iterable[str]) -> WithJsonSchema:
    """Return the annotation that describes a text in place by its values, such as an enum's."""
    return WithJsonSchema({"type": "string", "enum": [str(value) for value in values]})


class DescribedAs:
    """Annotation: the API's document shows a field as the given type, whatever reads it."""

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(self._adapter.core_schema)


Text = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(without_nul)]
ShortText = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(without_nul)]
Name = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=255,
        strip_whitespace=True,
        pattern=describe_pattern(r"[^\s\x85]", "must not be blank"),
    ),
    AfterValidator(without_nul),
]
"""One to 255 characters, blanks at the ends removed. The pattern is for those who read the API's
document, which has no other word for that; to JavaScript, U+0085 is no blank."""

Slug = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            r"^[a-z0-9][a-z0-9_.-]{0,63}\z",
            "must be 1 to 64 lower-case letters, digits, _, . or -, beginning with a letter or a"
            " digit, such as live_chat",
        )
    ),
]
"""Lower-case code, such as a channel or a kind."""

JsonObject = dict[str, Any]
"""Free JSON. Its depth, size and numbers were checked when the body was parsed."""
