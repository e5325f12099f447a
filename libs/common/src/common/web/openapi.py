"""The OpenAPI document: FastAPI's own, completed with bodies, scopes and problems."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.web.problems import MEDIA_TYPE
from common.web.requests import BatchBody, JsonBody, RawBodyReader
from common.web.requirements import Public, Requirement
from common.web.writes import get_writer

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
    "description": "A repeated request with this key gets the first answer. Kept for 24 hours.",
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
    if isinstance(call, RawBodyReader):
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
