"""Errors over HTTP, as ``application/problem+json`` (RFC 9457).

Errors of use cases have a kind and no status (``common.errors``); only the table here maps kinds to
status codes. Texts never quote what the caller sent.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema
from starlette.responses import Response

from common.errors import ErrorKind, FieldError, RateLimitedError, RetryLaterError, ServiceError
from common.jsons import dumps

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:threadline:problem:"
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
MAX_ERRORS = 100
"""The maximum number of field errors in one problem."""

STATUS_OF: Mapping[ErrorKind, int] = {
    ErrorKind.MALFORMED: 400,
    ErrorKind.INVALID: 422,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.PRECONDITION: 412,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
}

TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""The phrase of each status of RFC 9110; Python's own phrases differ between its versions."""


class HttpError(Exception):
    """An error that only HTTP knows, such as 413 or 415; use cases raise ``ServiceError``."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        type_suffix: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(
            status=status,
            detail=detail,
            type=TYPE_PREFIX + (type_suffix or slug_of(status)),
            errors=tuple(errors),
            headers=dict(headers or {}),
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer."""

    status: int
    detail: str
    type: str
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def body(self, instance: str | None = None) -> dict[str, Any]:
        """Return the members; ``instance`` names this one occurrence."""
        found: dict[str, Any] = {
            "type": self.type,
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
        }
        if instance is not None:
            found["instance"] = instance
        found["errors"] = [_entry(error) for error in self.errors[:MAX_ERRORS]]
        return found | dict(self.more)

    def response(self, instance: str | None = None) -> Response:
        """Return the answer, with the headers that belong to its status."""
        return Response(
            dumps(self.body(instance)), self.status, dict(self.headers), media_type=MEDIA_TYPE
        )


class RejectedItem(BaseModel):
    """The entry of a refused item in a batch's answer."""

    problem: Annotated[
        dict[str, Any],
        WithJsonSchema({"x-component": "Problem"}),
        Field(
            description="Why the item was rejected, as a ``Problem`` without ``instance``; its"
            " pointers are relative to the item."
        ),
    ]


def of_service_error(error: ServiceError) -> Problem:
    """Return the problem for an error of a use case."""
    headers: dict[str, str] = {}
    more: dict[str, Any] = {}
    kind_uri = TYPE_PREFIX + error.type_suffix
    if isinstance(error, RetryLaterError):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    if isinstance(error, RateLimitedError):
        kind_uri, more = QUOTA_EXCEEDED, {"violated-policies": ["default"]}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="threadline"'
    return Problem(
        status=STATUS_OF[error.kind],
        detail=error.detail,
        type=kind_uri,
        errors=error.errors,
        headers=headers,
        more=more,
    )


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    """Return a problem that is described by its status alone."""
    return Problem(
        status=status, detail=detail, type=TYPE_PREFIX + slug_of(status), headers=headers or {}
    )


def problem_dict(error: ServiceError) -> dict[str, Any]:
    """Return the problem as a batch item carries it under ``"problem"``."""
    return of_service_error(error).body()


def _entry(error: FieldError) -> dict[str, Any]:
    """Return one entry of ``errors``; the hints are absent where there are none."""
    entry: dict[str, Any] = {
        "pointer": error.pointer,
        "code": error.code,
        "detail": error.detail,
    }
    if error.allowed:
        entry["allowed"] = error.allowed
    if error.near is not None:
        entry["did_you_mean"] = error.near
    return entry


def slug_of(status: int) -> str:
    """Return the end of the type URI for a bare status: 413 → ``content-too-large``."""
    return TITLES.get(status, "error").lower().replace(" ", "-")
