"""The kinds of errors, independent of any transport.

ServiceError
├── MalformedError        the caller's data cannot be parsed
├── InvalidError          the caller's data are invalid (names the field)
├── UnauthenticatedError  the caller is unknown
├── ForbiddenError        the caller may not do this
├── NotFoundError         the resource does not exist for this tenant
├── ConflictError         the state of the resource does not allow this
├── PreconditionError     the caller's copy of the resource is out of date
└── RetryLaterError       the same call may work later
    ├── RateLimitedError  too many requests
    └── UnavailableError  a dependency is down

HTTP turns the kind into a status, a consumer turns it into a dead letter or a retry.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    MALFORMED = "malformed"
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    PRECONDITION = "precondition-failed"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"


class ErrorCode(StrEnum):
    """What is wrong with a field, for programs. The list grows only with a new release."""

    MISSING = "missing"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_PARAMETER = "unknown_parameter"
    DUPLICATE = "duplicate"
    WRONG_TYPE = "wrong_type"
    INVALID_FORMAT = "invalid_format"
    INVALID_CHARACTERS = "invalid_characters"
    NOT_ALLOWED = "not_allowed"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    OUT_OF_RANGE = "out_of_range"
    INVALID_COMBINATION = "invalid_combination"
    NOT_FOUND = "not_found"
    ALREADY_USED = "already_used"
    NOT_SUPPORTED = "not_supported"
    INVALID_VALUE = "invalid_value"
    NOT_LISTED = "not_listed"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One invalid field: an RFC 6901 pointer into the body, a code, and the reason in words.

    ``allowed`` are the values or names that the field may have, if they are a closed set, and
    ``near`` is the one of them that the caller may have meant. Both are ours, never the caller's.
    """

    pointer: str
    code: ErrorCode
    detail: str
    allowed: tuple[str, ...] = ()
    near: str | None = None

    @classmethod
    def not_allowed(cls, pointer: str, value: object, allowed: Iterable[str]) -> "FieldError":
        """Return the error of a value that is not one of ``allowed``."""
        names = tuple(allowed)
        near = nearest(value, names)
        detail = f"must be one of {', '.join(names)}{did_you_mean(near)}"
        return cls(pointer, ErrorCode.NOT_ALLOWED, detail, names, near)


class RefusedValueError(ValueError):
    """A value that a validator refuses. Parsers of values raise it without knowing the field."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code

    def at(self, pointer: str) -> FieldError:
        """Return the error of the field at ``pointer``."""
        return FieldError(pointer, self.code, str(self))


_MAX_NAME = 64
"""A longer text is near to no name, and comparing it would cost too much."""


def nearest(value: object, names: Sequence[str]) -> str | None:
    """Return the name that ``value`` resembles most, or None; case and hyphens do not matter."""
    if not isinstance(value, str) or not 2 <= len(value) <= _MAX_NAME:  # noqa: PLR2004 - a letter resembles everything
        return None
    spelt = value.lower().replace("-", "_").replace(" ", "_")
    folded = {name.lower().replace("-", "_"): name for name in names}
    close = get_close_matches(spelt, folded, n=1)
    return folded[close[0]] if close else None


def did_you_mean(near: str | None) -> str:
    """Return the end of a sentence that suggests ``near``, empty for None."""
    return "" if near is None else f"; did you mean {near}?"


class ServiceError(Exception):
    """An error that is reported to the caller. ``detail`` is public: no personal data."""

    kind: ClassVar[ErrorKind]

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        type_suffix: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.type_suffix = type_suffix or self.kind.value


class MalformedError(ServiceError):
    kind = ErrorKind.MALFORMED


class InvalidError(ServiceError):
    kind = ErrorKind.INVALID


class UnauthenticatedError(ServiceError):
    kind = ErrorKind.UNAUTHENTICATED


class ForbiddenError(ServiceError):
    kind = ErrorKind.FORBIDDEN


class NotFoundError(ServiceError):
    kind = ErrorKind.NOT_FOUND


class ConflictError(ServiceError):
    kind = ErrorKind.CONFLICT


class PreconditionError(ServiceError):
    kind = ErrorKind.PRECONDITION


class RetryLaterError(ServiceError):
    """The same call may succeed after ``retry_after_seconds``; a consumer backs off by itself."""

    def __init__(self, detail: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RateLimitedError(RetryLaterError):
    kind = ErrorKind.RATE_LIMITED


class UnavailableError(RetryLaterError):
    kind = ErrorKind.UNAVAILABLE
