"""Every type of problem that all services share, and every code of a field error.

``docs/errors.md`` is written from here, and the API's document takes its examples from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.errors import ErrorCode, ErrorKind, FieldError
from common.web.problems.problem import QUOTA_EXCEEDED, TYPE_PREFIX, Problem

EXAMPLE_INSTANCE = "urn:uuid:4bf92f35-77b3-4da6-a3ce-929d0e0e4736"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem: ``name`` is the end of its URI, ``detail`` a text as callers see it."""

    name: str
    status: int
    when: str
    repair: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    more: Mapping[str, Any] | None = None

    @property
    def uri(self) -> str:
        return QUOTA_EXCEEDED if self.name == ErrorKind.RATE_LIMITED else TYPE_PREFIX + self.name


def example_of(problem: ProblemType) -> dict[str, Any]:
    """Return the body of a problem of this type."""
    body = Problem(
        status=problem.status,
        detail=problem.detail,
        type=problem.uri,
        errors=problem.errors,
        more=problem.more or {},
    )
    return body.body(EXAMPLE_INSTANCE)


def describe_code(code: ErrorCode) -> str:
    """Return what a code means."""
    return _CODES[code]


_CODES: Mapping[ErrorCode, str] = {
    ErrorCode.MISSING: "A field that is required is absent; `pointer` names it.",
    ErrorCode.UNKNOWN_FIELD: "The object has no field of this name; `allowed` lists its fields.",
    ErrorCode.UNKNOWN_PARAMETER: "The operation has no query parameter of this name; `allowed`"
    " lists its parameters.",
    ErrorCode.DUPLICATE: "Something that may be there once is there again: a member, a parameter,"
    " a date, a threshold.",
    ErrorCode.WRONG_TYPE: "The JSON type is another one: a number where a string is expected.",
    ErrorCode.INVALID_FORMAT: "The text does not have the form of what it stands for, such as a"
    " time, a UUID or a code; `detail` describes the form and gives an example.",
    ErrorCode.INVALID_CHARACTERS: "The text contains a character that cannot be kept, such as"
    " U+0000.",
    ErrorCode.NOT_ALLOWED: "The value is not one of a closed set; `allowed` lists the set unless"
    " it is very long (time zones).",
    ErrorCode.TOO_SHORT: "The text has too few characters.",
    ErrorCode.TOO_LONG: "The text or value has too many characters or bytes.",
    ErrorCode.TOO_FEW: "The list or object has too few entries.",
    ErrorCode.TOO_MANY: "The list or object has too many entries.",
    ErrorCode.OUT_OF_RANGE: "The number, time or duration is too small or too large.",
    ErrorCode.INVALID_COMBINATION: "Fields that are valid alone contradict each other.",
    ErrorCode.NOT_FOUND: "The value is the id of something that does not exist in your tenant.",
    ErrorCode.ALREADY_USED: "Something else has this value already, and it must be unique.",
    ErrorCode.NOT_SUPPORTED: "The parameter is reserved for a later release.",
    ErrorCode.INVALID_VALUE: "The value is wrong in a way that no other code describes.",
    ErrorCode.NOT_LISTED: "The item of a batch has more errors than the batch may list; send it"
    " alone to see them.",
}

PROBLEM_TYPES: tuple[ProblemType, ...] = (
    ProblemType(
        "bad-request",
        400,
        "The request itself is malformed: a missing or malformed `Host`, two `Authorization`"
        " headers, an unknown `Last-Event-ID` or `Threadline-Consistency`.",
        "Correct the header that `detail` names.",
        "send exactly one Authorization header",
    ),
    ProblemType(
        "malformed-json",
        400,
        "The body is not JSON in UTF-8.",
        "Correct the JSON at the place that `errors` names.",
        "the request body is not valid JSON in UTF-8",
        (
            FieldError(
                "", ErrorCode.INVALID_FORMAT, "is not JSON: expected `:` at line 1 column 10"
            ),
        ),
    ),
    ProblemType(
        "bad-cursor",
        400,
        "`cursor` is not the `next` of a page of this list with these filters, or is of another"
        " tenant.",
        "Repeat the call without `cursor`, and send the same filters with each page.",
        "the cursor does not belong to this list; start without one",
        (
            FieldError(
                "/query/cursor", ErrorCode.INVALID_VALUE, "must be the next of a page of this list"
            ),
        ),
    ),
    ProblemType(
        "bad-idempotency-key",
        400,
        "`Idempotency-Key` is empty, too long, not printable ASCII, or there twice.",
        "Send one key of 1 to 255 printable ASCII characters, such as a UUID.",
        "Idempotency-Key must be 1 to 255 printable ASCII characters",
    ),
    ProblemType(
        "credential-in-url",
        400,
        "The URL contains a credential, and URLs are kept in logs.",
        "Send it as `Authorization: Bearer …`, and replace it: it may have been logged on its way.",
        "send credentials in the Authorization header, not in the URL",
    ),
    ProblemType(
        "no-credential",
        401,
        "The operation requires a credential and the request has none.",
        "Send `Authorization: Bearer` and an API key or a JWT.",
        "a credential is required",
    ),
    ProblemType(
        ErrorKind.UNAUTHENTICATED,
        401,
        "The credential is unknown, revoked, expired or malformed, or the signature of a webhook"
        " call is not valid; the answer does not say which.",
        "Check the credential, its expiry and the environment that it is for.",
        "invalid credential",
    ),
    ProblemType(
        ErrorKind.FORBIDDEN,
        403,
        "The credential lacks the scope that `detail` names, or is bound to one customer.",
        "Use a credential with that scope; the API's document names the scope of each operation.",
        "the scope sla:admin is required",
    ),
    ProblemType(
        ErrorKind.NOT_FOUND,
        404,
        "Your tenant has no resource with this id, no id looks like this, or there is no such path."
        " Resources of other tenants are not found either.",
        "Check the id. If `errors` points at `/path/…`, the id is malformed.",
        "there is no such clock: clock_id must be a UUID, such as"
        " 01936a52-7e02-7d4b-9c37-90e1d5c0b7aa",
        (
            FieldError(
                "/path/clock_id",
                ErrorCode.INVALID_FORMAT,
                "must be a UUID, such as 01936a52-7e02-7d4b-9c37-90e1d5c0b7aa",
            ),
        ),
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "The path exists, but not with this method.",
        "Use a method of the header `Allow`.",
        "this path does not take the method; it takes GET, PUT",
    ),
    ProblemType(
        "request-timeout",
        408,
        "The body did not arrive in time.",
        "Send it again; split it if the line is slow.",
        "the request body did not arrive in time",
    ),
    ProblemType(
        ErrorKind.CONFLICT,
        409,
        "The state of the resource does not allow the change, or something else has a value that"
        " must be unique.",
        "Read the resource again, and decide with its present state.",
        "another policy has this position",
        (FieldError("/position", ErrorCode.ALREADY_USED, "another policy has this position"),),
    ),
    ProblemType(
        "idempotency-in-progress",
        409,
        "A request with the same `Idempotency-Key` is still running.",
        "Wait a second and repeat the request with the same key.",
        "a request with this Idempotency-Key is still running",
    ),
    ProblemType(
        "answer-not-kept",
        410,
        "A repetition with the same `Idempotency-Key`, whose first answer was larger than 1 MB."
        " The first request succeeded with `first_status`; nothing was done again. `first_digest`"
        " is the SHA-256 of the first answer's body.",
        "Do not retry. Read what the request wrote, and send smaller batches.",
        "the first request with this Idempotency-Key succeeded, and its answer of 1310720 bytes"
        " was too large to keep; nothing was done again",
        more={
            "first_status": 200,
            "first_digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        },
    ),
    ProblemType(
        ErrorKind.PRECONDITION,
        412,
        "`If-Match` is not the ETag that the resource has now.",
        "Read the resource again, apply the change to what you read, and send its ETag.",
        "the resource was modified; fetch it again",
    ),
    ProblemType(
        "content-too-large",
        413,
        "The body is larger than the operation takes.",
        "Split the batch, or shorten the texts.",
        "the request body is larger than 1048576 bytes",
    ),
    ProblemType(
        "uri-too-long",
        414,
        "Path and query are too long.",
        "Shorten the query.",
        "the URL is too long",
    ),
    ProblemType(
        "unsupported-media-type",
        415,
        "The body is not declared as JSON in UTF-8, or is compressed.",
        "Send `Content-Type: application/json`, without `Content-Encoding`.",
        "the request body must be application/json in UTF-8",
    ),
    ProblemType(
        ErrorKind.INVALID,
        422,
        "A field of the body or a parameter of the query is invalid.",
        "Correct each field that `errors` points at; the codes are listed below.",
        "the request body is invalid",
        (
            FieldError("/time_zone", ErrorCode.MISSING, "is required"),
            FieldError(
                "/timezone",
                ErrorCode.UNKNOWN_FIELD,
                "there is no such field; did you mean time_zone?",
                (
                    "name",
                    "time_zone",
                    "hours",
                    "overrides",
                    "breaks",
                    "holidays",
                    "national_holidays",
                    "deadline_at_close",
                ),
                "time_zone",
            ),
        ),
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "The `Idempotency-Key` belongs to another request of the last 24 hours.",
        "Use a new key for each new request.",
        "this Idempotency-Key was used for another request",
    ),
    ProblemType(
        "precondition-required",
        428,
        "The operation requires `If-Match`.",
        "Read the resource, and send its ETag as `If-Match`.",
        "If-Match with the current ETag is required",
    ),
    ProblemType(
        ErrorKind.RATE_LIMITED,
        429,
        "The quota of the credential, of the tenant or of the sender's address is used up.",
        "Wait for `Retry-After` seconds; `RateLimit` says what is left.",
        "rate limit exceeded; retry later",
        more={"violated-policies": ["default"]},
    ),
    ProblemType(
        "too-many-requests",
        429,
        "The credential, its tenant or the process has as many open streams as it may have.",
        "Close a stream that you no longer read, or use one stream for several readers.",
        "too many open streams; close one",
    ),
    ProblemType(
        "request-header-fields-too-large",
        431,
        "The headers are too large.",
        "Send fewer or shorter headers.",
        "the request headers are too large",
    ),
    ProblemType(
        "internal-server-error",
        500,
        "A defect of this software.",
        "Report it with `instance`, which the logs contain.",
        "an internal error occurred",
    ),
    ProblemType(
        ErrorKind.UNAVAILABLE,
        503,
        "The service, its database or another service is busy or down. A write that was begun may"
        " still complete.",
        "Wait for `Retry-After` seconds and repeat the call, a write with the same"
        " `Idempotency-Key`.",
        "the database is not available right now",
    ),
    ProblemType(
        "service-unavailable",
        503,
        "The proxy cannot reach the service, or the process is stopping.",
        "Wait for `Retry-After` seconds and repeat the call, a write with the same"
        " `Idempotency-Key`.",
        "the service cannot be reached",
    ),
)
"""The types of problem that every service has, by status."""
