"""The errors that operations answer with, each described once.

Which of them an operation has follows from its dependencies (``operations.py``). A router adds
those of its use case: ``responses={404: {"description": ...}}``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from common.web.openapi.headers import shown_headers
from common.web.problems import MEDIA_TYPE, PROBLEM_TYPES, example_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error status: its component's name, what it means, and its headers."""

    name: str
    description: str
    headers: tuple[str, ...] = ()


REFUSALS: dict[int, Refusal] = {
    400: Refusal("BadRequest", "The request is malformed: its body, a header or the cursor."),
    401: Refusal(
        "Unauthorized", "The credential is missing, unknown or expired.", ("WWWAuthenticate",)
    ),
    403: Refusal("Forbidden", "The credential lacks the scope that the operation requires."),
    404: Refusal("NotFound", "The tenant has nothing with this id."),
    408: Refusal("RequestTimeout", "The body did not arrive in time."),
    409: Refusal("Conflict", "A request with this ``Idempotency-Key`` is still running."),
    410: Refusal(
        "AnswerNotKept",
        "The first request with this ``Idempotency-Key`` succeeded, and its answer was too large to"
        " keep.",
    ),
    412: Refusal("PreconditionFailed", "The resource no longer has the ``ETag`` of ``If-Match``."),
    413: Refusal("ContentTooLarge", "The body is larger than the operation accepts."),
    414: Refusal("UriTooLong", "The URL is longer than 8,192 bytes."),
    415: Refusal("UnsupportedMediaType", "The body is not uncompressed ``application/json``."),
    422: Refusal("UnprocessableContent", "A field or a parameter is invalid; ``errors`` has each."),
    429: Refusal("TooManyRequests", "The quota of the sender is used up.", ("RetryAfter",)),
    431: Refusal("HeadersTooLarge", "The headers have more than 32,768 bytes or 100 fields."),
    500: Refusal("InternalError", "The service failed; its log has the request's id."),
    503: Refusal(
        "Unavailable", "The service, or what it depends on, is busy or down.", ("RetryAfter",)
    ),
}
NOT_MODIFIED = "The caller's copy is still current; there is no body."


def refusal_components(statuses: Iterable[int]) -> Json:
    """Return ``components.responses`` for these statuses."""
    return {REFUSALS[status].name: _described(status) for status in sorted(statuses)}


def refusal_reference(status: int) -> Json:
    """Return the reference to the response of a status."""
    return {"$ref": f"#/components/responses/{REFUSALS[status].name}"}


def own_refusal(status: int, description: str, *, also: bool) -> Json:
    """Return the response of a status that means something of its own for one operation.

    ``also`` says that it has its usual meaning, too.
    """
    usual = REFUSALS[status]
    both = f"{description} Or: {usual.description}" if also else description
    return _described(status) | {"description": both}


def _described(status: int) -> Json:
    refusal = REFUSALS[status]
    common = ("RequestId", "RateLimit", "RateLimitPolicy")
    shown = {
        problem.name: {"summary": problem.when.split(". ")[0], "value": example_of(problem)}
        for problem in PROBLEM_TYPES
        if problem.status == status
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": refusal.description,
        "headers": shown_headers(*common, *refusal.headers),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": shown}},
    }
