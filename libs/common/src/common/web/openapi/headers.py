"""The headers of requests and answers that callers work with."""

from typing import Any

from common.web.writes import MAX_KEY, PROMISED_HOURS

Json = dict[str, Any]


def _parameter(name: str, description: str, **limit: Any) -> Json:
    """Return a header that a request may have: a text within ``limit``."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string", **limit},
        "description": description,
    }


IDEMPOTENCY_KEY = _parameter(
    "Idempotency-Key",
    f"The caller's name for the request, 1 to {MAX_KEY} printable ASCII characters: a repetition"
    f" with the same key within {PROMISED_HOURS} hours gets the first answer. Without a key, every"
    " repetition is a new request.",
    pattern=f"^[ -~]{{1,{MAX_KEY}}}$",
)
IF_MATCH = _parameter(
    "If-Match",
    "The ``ETag`` that the resource must still have, several separated by commas, or ``*`` for any;"
    " otherwise 412 and nothing changes. Without it the change is unconditional.",
    maxLength=4096,
)
IF_NONE_MATCH = _parameter(
    "If-None-Match",
    "The ``ETag`` of the copy that the caller has, several separated by commas, or ``*`` for any;"
    " 304 without a body if it is still current.",
    maxLength=4096,
)
LAST_EVENT_ID = _parameter(
    "Last-Event-ID",
    "The ``id`` of the last event that the caller got: the events missed since then come first."
    " Absent or empty to begin now.",
    pattern="^[0-9]{0,18}$",
)
CONSISTENCY = _parameter(
    "Threadline-Consistency",
    "The ``consistency_token`` of an earlier answer, such as that of a merge: this request sees at"
    " least what that one did. It waits for it up to a second.",
    pattern="^[A-Za-z0-9_-]{32}$",
)

COMPONENTS: Json = {
    "ETag": {
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
        "description": "The version of the resource as this caller sees it, for ``If-Match`` and"
        " ``If-None-Match``.",
    },
    "IdempotentReplayed": {
        "schema": {"type": "string", "const": "true"},
        "description": "Present if this is the stored answer of an earlier request with the same"
        " ``Idempotency-Key``.",
    },
    "RateLimit": {
        "schema": {"type": "string"},
        "description": "What is left of the credential's quota (``r``), and the seconds until it is"
        " full again (``t``); absent if the request was refused before it was charged.",
    },
    "RateLimitPolicy": {
        "schema": {"type": "string"},
        "description": "The credential's quota (``q``) and the seconds in which it may be used up"
        " (``w``); each item of a batch counts as a request.",
    },
    "RequestId": {
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "description": "The id of the request, which the service's log has too; in a problem it is"
        " the end of ``instance``.",
    },
    "RetryAfter": {
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "description": "The seconds to wait before the same request is worth repeating.",
    },
    "WWWAuthenticate": {
        "schema": {"type": "string"},
        "description": "How to authenticate: a bearer token in the ``Authorization`` header.",
    },
}
_NAMES = {
    "IdempotentReplayed": "Idempotent-Replayed",
    "RateLimitPolicy": "RateLimit-Policy",
    "RequestId": "X-Request-Id",
    "RetryAfter": "Retry-After",
    "WWWAuthenticate": "WWW-Authenticate",
}


def shown_headers(*components: str) -> Json:
    """Return the ``headers`` of an answer, which refer to ``COMPONENTS``."""
    return {_NAMES.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in components}
