"""Builds the document of an application: what FastAPI describes, and what we add to it."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from common.web.openapi import headers, problem
from common.web.openapi.answers import REFUSALS, refusal_components, refusal_reference
from common.web.openapi.examples import place_examples
from common.web.openapi.operations import calls, complete
from common.web.openapi.schemas import (
    PREFIX,
    rename_components,
    renamed,
    request_schemas,
    spell,
    spell_parameter,
    titled_names,
    without_unused,
)
from common.web.openapi.tags import described_tags
from common.web.requests import BatchBody, JsonBody, SignedBody

Json = dict[str, Any]

API_TITLE = "Threadline"
_ABOUT = """\
Threadline answers who a customer is, what happened with that customer on every channel, and how \
long is left to answer.

Bodies are JSON with `snake_case` members, times are RFC 3339 in UTC with microseconds, ids are \
UUIDs, and durations are seconds. Requests must not have unknown fields or parameters; ignore \
unknown fields of answers.

An error is a `Problem` (RFC 9457). A repetition of a write with the same `Idempotency-Key` gets \
the first answer again. Lists come in pages: repeat the call with `next` as `cursor` until it is \
null."""
_BEARER: Json = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, or a JWT of an issuer that the service trusts.",
}

_SIGNED: Json = {
    "type": "object",
    "description": "Whatever the sender sends; its signature covers the bytes.",
    "additionalProperties": True,
}


def document(app: FastAPI) -> Json:
    """Return the whole document; built once per application."""
    if app.openapi_schema is None:
        app.openapi_schema = _build(app)
    return app.openapi_schema


def _build(app: FastAPI) -> Json:
    described = get_openapi(
        title=app.title,
        version=app.version,
        description=_ABOUT,
        contact={"name": f"The {API_TITLE} project"},
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/", "description": "The server that this document comes from."}],
        routes=app.routes,
    )
    operations = _operations(app, described)
    answered = described.pop("components", {}).get("schemas", {})
    bodies, schemas = _bodies([route for route, _ in operations], answered)
    for route, operation in operations:
        complete(operation, route)
        for call in calls(route.dependant):
            if call in bodies:
                operation["requestBody"] = deepcopy(bodies[call])
        place_examples(operation, route.openapi_extra or {})
        for parameter in operation.get("parameters", ()):
            spell_parameter(parameter["schema"])
    return _finish(described, answered | schemas | problem.SCHEMAS)


def _operations(app: FastAPI, described: Json) -> list[tuple[APIRoute, Json]]:
    """Return each route with the operation that FastAPI wrote for it."""
    return [
        (route, described["paths"][route.path_format][method.lower()])
        for route in app.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods or ()
    ]


def _bodies(routes: list[APIRoute], answered: Json) -> tuple[dict[Any, Json], Json]:
    """Return the body of each dependency that reads one, and the schemas of all bodies."""
    readers = [call for route in routes for call in calls(route.dependant)]
    models = [call.model for call in readers if isinstance(call, JsonBody)]
    items = [call.item for call in readers if isinstance(call, BatchBody)]
    references, schemas = request_schemas([*models, *items], answered)
    bodies: dict[Any, Json] = {}
    for call in readers:
        if isinstance(call, JsonBody):
            bodies[call] = _body("application/json", references[call.model])
        elif isinstance(call, BatchBody):
            batch = _batch(call, references[call.item])
            schemas[batch["title"]] = batch
            bodies[call] = _body("application/json", {"$ref": PREFIX + batch["title"]})
        elif isinstance(call, SignedBody):
            bodies[call] = _body(call.media_type, _SIGNED)
    return bodies, schemas


def _body(media_type: str, schema: Json) -> Json:
    return {"required": True, "content": {media_type: {"schema": schema}}}


def _batch(call: BatchBody[Any], item: Json) -> Json:
    return {
        "type": "object",
        "title": item["$ref"].removeprefix(PREFIX).removesuffix("Request") + "BatchRequest",
        "description": f"Up to {call.max_items} items in one request.",
        "properties": {
            "items": {
                "type": "array",
                "items": item,
                "minItems": 1,
                "maxItems": call.max_items,
                "description": f"1 to {call.max_items} items, each accepted or rejected by itself.",
            }
        },
        "required": ["items"],
        "additionalProperties": False,
    }


def _finish(described: Json, schemas: Json) -> Json:
    """Return the document with its components, named by their titles, and its tags."""
    names = titled_names(schemas)
    schemas = rename_components(schemas, names)
    spell(schemas)
    paths = renamed(described["paths"], names)
    responses = [r for item in paths.values() for operation in item.values()
                 for r in operation["responses"].values()]  # fmt: skip
    statuses = [s for s in REFUSALS if refusal_reference(s) in responses]
    components = {"responses": refusal_components(statuses), "headers": headers.COMPONENTS}
    tags = [name for item in paths.values() for operation in item.values()
            for name in operation.get("tags", ())]  # fmt: skip
    return described | {
        "paths": paths,
        "tags": described_tags(tags),
        "components": {
            "schemas": without_unused(schemas, [paths, components]),
            **components,
            "securitySchemes": {"bearer": _BEARER},
        },
    }
