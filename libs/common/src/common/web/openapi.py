"""The OpenAPI document: FastAPI's own, completed with bodies, scopes and problems."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.errors import ErrorKind
from common.web.problems import MAX_ERRORS, MEDIA_TYPE, QUOTA_EXCEEDED, TYPE_PREFIX
from common.web.requests import BatchBody, JsonBody, SignedBody
from common.web.requirements import Public, Requirement
from common.web.writes import get_writer

_REF = "#/components/schemas/{model}"
_POINTER = {
    "type": "string",
    "description": "A JSON Pointer (RFC 6901) to a field of the body, or ``/query/`` and the name"
    " of a parameter; empty for the whole body.",
}
_ERRORS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": _POINTER,
            "detail": {"type": "string", "description": "What is wrong with it, for people."},
        },
    },
    "description": f"The invalid fields, at most {MAX_ERRORS}; empty if the problem is not about"
    " a field.",
}
_PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
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
        "errors": _ERRORS,
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
    "description": "The caller's name for the request, 1 to 255 printable ASCII characters: a"
    " repetition with the same key within 24 hours gets the first answer. Without a key, every"
    " repetition is a new request.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the whole document; built once per application."""
    if app.openapi_schema is None:
        app.openapi_schema = _build(app)
    return app.openapi_schema


def _build(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, routes=app.routes)
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    references, definitions = _schemas(routes)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(definitions | {"Problem": _PROBLEM})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "API key or JWT."}
    }
    for route in routes:
        for method in route.methods or ():
            operation = found["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                _complete(operation, list(calls(route.dependant)), references)
    _spell_patterns(found)
    return found


def _spell_patterns(node: Any) -> None:
    """Spell the end of a pattern as ECMAScript does, which JSON Schema follows.

    An object whose member names have a pattern accepts no other members.
    """
    if isinstance(node, dict):
        if isinstance(pattern := node.get("pattern"), str):
            node["pattern"] = pattern.replace(r"\z", "$")
        if (named := node.pop("patternProperties", None)) is not None:
            node["patternProperties"] = {
                name.replace(r"\z", "$"): schema for name, schema in named.items()
            }
            node["additionalProperties"] = False
        for value in node.values():
            _spell_patterns(value)
    elif isinstance(node, list):
        for value in node:
            _spell_patterns(value)


def _complete(
    operation: dict[str, Any], dependencies: list[Any], references: dict[type, dict[str, Any]]
) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    responses["default"] = {
        "description": "Problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    for call in dependencies:
        if isinstance(call, Requirement):
            operation["security"] = [{"bearer": []}]
            operation["x-required-scope"] = call.scope
        elif isinstance(call, Public):
            operation["security"] = []
            operation["x-public-reason"] = call.reason
        elif call is get_writer:
            operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        elif (body := _request_body(call, references)) is not None:
            operation["requestBody"] = body


def _request_body(call: Any, references: dict[type, dict[str, Any]]) -> dict[str, Any] | None:
    if isinstance(call, JsonBody):
        return _content("application/json", references[call.model])
    if isinstance(call, BatchBody):
        items = {
            "type": "array",
            "items": references[call.item],
            "minItems": 1,
            "maxItems": call.max_items,
            "description": f"1 to {call.max_items} items, each accepted or rejected by itself.",
        }
        return _content(
            "application/json",
            {
                "type": "object",
                "properties": {"items": items},
                "required": ["items"],
                "additionalProperties": False,
            },
        )
    if isinstance(call, SignedBody):
        return _content("*/*", {"type": "string", "format": "binary"})
    return None


def _content(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {media_type: {"schema": schema}}}


def _schemas(routes: list[APIRoute]) -> tuple[dict[type, dict[str, Any]], dict[str, Any]]:
    models: dict[type[BaseModel], None] = {}
    for route in routes:
        for call in calls(route.dependant):
            if isinstance(call, JsonBody):
                models[call.model] = None
            elif isinstance(call, BatchBody):
                models[call.item] = None
    references, top = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF
    )
    return {model: dict(ref) for (model, _), ref in references.items()}, top.get("$defs", {})


def calls(dependant: Dependant) -> Iterator[Any]:
    """Yield every dependency of a route, those of dependencies too."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls(inner)
