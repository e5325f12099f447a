"""The schema of problems."""

from typing import Any

from common.errors import ErrorCode, ErrorKind
from common.web.problems import MAX_ERRORS, QUOTA_EXCEEDED, TYPE_PREFIX

Json = dict[str, Any]

_FIELD_ERROR: Json = {
    "type": "object",
    "title": "FieldError",
    "description": "An invalid field or parameter.",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {
            "type": "string",
            "description": "A JSON Pointer (RFC 6901) to a field of the body, or ``/query/`` and"
            " the name of a parameter, or ``/path/`` and its name; empty for the whole body.",
        },
        "code": {
            "type": "string",
            "enum": [code.value for code in ErrorCode],
            "description": "What is wrong with it, for programs; a later release may add codes.",
        },
        "detail": {"type": "string", "description": "What is wrong with it, for people."},
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": 1000,
            "description": "The values or names that are allowed; absent without a closed set.",
        },
        "did_you_mean": {
            "type": "string",
            "description": "The one of ``allowed`` that the request may have meant; absent if none"
            " is near.",
        },
    },
}
_PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "An error (RFC 9457). Some kinds have further members.",
    "required": ["type", "title", "status", "detail", "errors"],
    "additionalProperties": True,
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "description": f"The kind of problem, for programs: ``{TYPE_PREFIX}`` and a name such"
            f" as ``{ErrorKind.NOT_FOUND}``, or ``{QUOTA_EXCEEDED}``.",
        },
        "title": {
            "type": "string",
            "description": "The phrase of the HTTP status, such as ``Not Found``.",
        },
        "status": {"type": "integer", "description": "The HTTP status code of the response."},
        "detail": {
            "type": "string",
            "description": "What is wrong, for people; it never quotes the request.",
        },
        "instance": {
            "type": "string",
            "format": "uri",
            "description": "This one occurrence, as a URN whose digits are the trace id; absent if"
            " the request has no trace.",
        },
        "errors": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/FieldError"},
            "maxItems": MAX_ERRORS,
            "description": "The invalid fields; empty if the problem is not about a field.",
        },
    },
}
SCHEMAS: Json = {"FieldError": _FIELD_ERROR, "Problem": _PROBLEM}
