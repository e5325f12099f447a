"""What can go wrong, in words that no transport owns.

ServiceError
├── MalformedError        the caller's data cannot be read at all
├── InvalidError          the caller's data break a rule (names the field)
├── UnauthenticatedError  nobody can say who the caller is
├── ForbiddenError        the caller may not do this
├── NotFoundError         there is no such thing for this tenant
├── ConflictError         the thing is not in a state that allows this
├── PreconditionError     the caller's copy of the thing is out of date
├── RateLimitedError      too much, too fast
└── UnavailableError      a dependency is away; the same call may work later

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
    """One broken field: an RFC 6901 pointer into the body, and what is wrong with it."""

    pointer: str
    detail: str


class ServiceError(Exception):
    """An outcome the caller must hear about. ``detail`` is shown to callers: no personal data."""

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


class RateLimitedError(ServiceError):
    """``retry_after_seconds`` says when the next call has a chance."""

    kind = ErrorKind.RATE_LIMITED

    def __init__(self, detail: str, *, retry_after_seconds: float) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class UnavailableError(ServiceError):
    """``retry_after_seconds`` becomes ``Retry-After``; a consumer backs off by itself."""

    kind = ErrorKind.UNAVAILABLE

    def __init__(self, detail: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
