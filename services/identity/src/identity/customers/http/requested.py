"""Fields of customers and identifiers that several requests have."""

from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from common.errors import ErrorCode, RefusedValueError
from common.jsons import describe_pattern, dumps
from common.web.requests import without_nul
from identifiers import TYPE_PATTERN
from identity.customers.domain.attributes import MAX_ATTRIBUTE_BYTES

MAX_ATTRIBUTES_PER_REQUEST = 100

ATTRIBUTE_NAME = describe_pattern(
    r"^[A-Za-z_][A-Za-z0-9_.\-]{0,63}\z",
    "must be 1 to 64 letters, digits, _, . or -, beginning with a letter or _, such as first_name",
)
AttributeName = Annotated[str, StringConstraints(pattern=ATTRIBUTE_NAME)]
IdentifierType = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            TYPE_PATTERN.replace("$", r"\z"),
            "must be 1 to 32 lower-case letters, digits or _, beginning with a letter, such as"
            " email",
        )
    ),
]
IdentifierValue = Annotated[str, StringConstraints(max_length=4_096), AfterValidator(without_nul)]
Region = Annotated[
    str,
    StringConstraints(
        pattern=describe_pattern(
            r"^[A-Za-z]{2}\z", "must be the two letters of a country in ISO 3166, such as SE"
        )
    ),
]


def limited(value: Any) -> Any:
    """Return the value of an attribute; raises RefusedValueError for one that is too large."""
    if len(dumps(value)) > MAX_ATTRIBUTE_BYTES:
        raise RefusedValueError(
            ErrorCode.TOO_LONG, f"must not be larger than {MAX_ATTRIBUTE_BYTES} bytes of JSON"
        )
    return value


AttributeJson = Annotated[Any, AfterValidator(limited)]
"""Any JSON; null clears the attribute."""
