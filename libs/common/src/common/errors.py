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

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class FieldError:
    """One invalid field: an RFC 6901 pointer into the body, and the reason."""

    pointer: str
    detail: str


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
