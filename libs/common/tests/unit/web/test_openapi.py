"""The document of an application: what routes promise by their dependencies, names of types."""

import json
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from common.web import (
    Caller,
    CursorsDep,
    Example,
    IfMatchDep,
    IfNoneMatchDep,
    LastEventIdDep,
    WriterDep,
    examples,
    public,
    requires,
    tag,
)
from common.web.openapi.schemas import spell_parameter
from common.web.requests import (
    ANY_QUERY,
    Batch,
    RawBody,
    RequestModel,
    ResponseModel,
    batch_body,
    json_body,
    signed_body,
)
from common.web.responses import json_answer
from libs.common.tests.unit.web.plumbing import world

Json = dict[str, Any]


class Part(RequestModel):
    """A part of a thing, in requests and answers."""

    size: int = Field(default=3, description="The size.")


class ThingRequest(RequestModel):
    name: str = Field(pattern=r"^[a-z]+\z", description="The name.")
    colour: str = Field(default="red", description="The colour.")
    parts: list[Part] = Field(default=[], description="The parts; empty for none.")


class ShownThing(ResponseModel, title="Thing"):
    name: str = Field(description="The name.")
    parts: list[Part] = Field(description="The parts.")


router = APIRouter(tags=[tag("things", "All that there is.")])
Reader = Annotated[Caller, requires("context:read")]
ThingBody = Annotated[ThingRequest, json_body(ThingRequest)]
EXAMPLE = Example(
    name="small",
    summary="A small thing",
    path={"thing_id": "01900000-0000-7000-8000-000000000000"},
    headers={"If-Match": '"a"'},
    body={"name": "a"},
    answer={"name": "a", "parts": []},
)


@router.get("/things/{thing_id}", response_model=ShownThing)
async def read_thing(thing_id: UUID, caller: Reader, if_none_match: IfNoneMatchDep) -> Response:
    """Read a thing."""
    return json_answer({})


@router.put(
    "/things/{thing_id}",
    response_model=ShownThing,
    responses={409: {"description": "Another thing has this name."}},
    openapi_extra=examples(EXAMPLE),
)
async def put_thing(
    thing_id: UUID,
    caller: Reader,
    body: ThingBody,
    if_match: IfMatchDep,
    write: WriterDep,
) -> Response:
    """Put a thing."""
    return json_answer({})


@router.post("/things", operation_id="add_things")
async def post(
    caller: Reader, body: Annotated[Batch[ThingRequest], batch_body(ThingRequest, max_items=5)]
) -> Response:
    """Add things."""
    return json_answer({})


@router.get("/things")
async def list_things(caller: Reader, cursors: CursorsDep) -> Response:
    """List things."""
    return json_answer({})


@router.get("/stream")
async def follow(caller: Reader, last_event_id: LastEventIdDep) -> Response:
    """Follow things."""
    return json_answer({})


@router.post("/hook", dependencies=[public("its sender signs")], openapi_extra=ANY_QUERY)
async def hook(raw: Annotated[RawBody, signed_body(lambda _: 9, media_type="a/b")]) -> Response:
    """Take a call."""
    return json_answer({})


@pytest.fixture(scope="module")
def described() -> Json:
    document: Json = json.loads(json.dumps(world(router).app.openapi()))
    return document


def operation(described: Json, method: str, path: str) -> Json:
    found: Json = described["paths"][path][method]
    return found


ALWAYS = {"200", "400", "414", "431", "500", "503"}
CALLER = ALWAYS | {"401", "403", "429"}
BODY = {"408", "413", "415", "422"}


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/version", ALWAYS | {"422"}),
        ("get", "/things/{thing_id}", CALLER | {"304", "404", "422"}),
        ("put", "/things/{thing_id}", CALLER | BODY | {"404", "409", "410", "412"}),
        ("post", "/things", CALLER | BODY),
        ("get", "/things", CALLER | {"422"}),
        ("get", "/stream", CALLER | {"422"}),
        ("post", "/hook", ALWAYS | BODY - {"422"} | {"401", "429"}),
    ],
)
def test_statuses_follow_from_dependencies(
    described: Json, method: str, path: str, statuses: set[str]
):
    assert set(operation(described, method, path)["responses"]) == statuses


def test_every_reference_to_a_refusal_leads_to_a_problem(described: Json):
    for item in described["paths"].values():
        for one in item.values():
            for status, answer in one["responses"].items():
                if status >= "4":
                    name = answer.get("$ref", "").rpartition("/")[2]
                    refusal = described["components"]["responses"][name] if name else answer
                    [schema] = (c["schema"] for c in refusal["content"].values())
                    assert schema == {"$ref": "#/components/schemas/Problem"}
                    assert "X-Request-Id" in refusal["headers"]


def test_a_refusal_of_the_operation_s_own_comes_before_the_usual_one(described: Json):
    conflict = operation(described, "put", "/things/{thing_id}")["responses"]["409"]
    assert conflict["description"].startswith("Another thing has this name. Or: ")
    assert "Idempotency-Key" in conflict["description"]


@pytest.mark.parametrize(
    ("method", "path", "parameter", "header"),
    [
        ("get", "/things/{thing_id}", "If-None-Match", "ETag"),
        ("put", "/things/{thing_id}", "If-Match", "ETag"),
        ("put", "/things/{thing_id}", "Idempotency-Key", "Idempotent-Replayed"),
        ("get", "/stream", "Last-Event-ID", "X-Request-Id"),
    ],
)
def test_headers_are_declared_where_they_are_honoured(
    described: Json, method: str, path: str, parameter: str, header: str
):
    declared = operation(described, method, path)
    assert parameter in [p["name"] for p in declared["parameters"] if p["in"] == "header"]
    assert {header, "RateLimit", "RateLimit-Policy"} <= set(declared["responses"]["200"]["headers"])
    assert "ETag" not in operation(described, "post", "/things")["responses"]["200"]["headers"]


def test_an_operation_says_who_may_call_it(described: Json):
    put = operation(described, "put", "/things/{thing_id}")
    assert put["security"] == [{"bearer": []}]
    assert put["x-required-scope"] == "context:read"
    assert put["description"] == "Put a thing.\n\nRequires the scope `context:read`."
    public_one = operation(described, "post", "/hook")
    assert public_one["security"] == []
    assert public_one["description"].endswith("Public: its sender signs.")


def test_operations_are_named_after_their_functions_or_as_the_route_says(described: Json):
    ids = [o["operationId"] for item in described["paths"].values() for o in item.values()]
    assert {"read_thing", "put_thing", "add_things", "read_version"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_tags_are_described(described: Json):
    assert {"name": "things", "description": "All that there is."} in described["tags"]


def test_components_have_their_titles_as_names_and_nothing_else_has_a_title(described: Json):
    schemas = described["components"]["schemas"]
    assert {"Thing", "ThingRequest", "ThingBatchRequest"} <= set(schemas)
    assert [schema["title"] for schema in schemas.values()] == list(schemas)
    assert "title" not in schemas["ThingRequest"]["properties"]["name"]
    assert "HTTPValidationError" not in schemas


def test_two_schemas_with_one_title_are_refused():
    class Other(ResponseModel, title="Thing"):
        size: int

    clashing = APIRouter()

    @clashing.get("/other", response_model=Other)
    async def read_other(caller: Reader) -> Response:
        return json_answer({})

    with pytest.raises(ValueError, match="one title: Thing"):
        world(router, clashing).app.openapi()


def test_a_default_is_said_in_words_and_does_not_make_a_field_compulsory(described: Json):
    fields = described["components"]["schemas"]["ThingRequest"]["properties"]
    assert fields["colour"]["description"] == "The colour. Default: `red`."
    assert fields["parts"]["description"] == "The parts; empty for none."
    assert not any("default" in field for field in fields.values())


def test_patterns_are_those_of_ecmascript(described: Json):
    fields = described["components"]["schemas"]["ThingRequest"]["properties"]
    assert fields["name"]["pattern"] == "^[a-z]+$"


def test_the_limit_of_a_list_that_may_be_absent_stands_at_the_list():
    schema = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
              "maxLength": 50}  # fmt: skip
    spell_parameter(schema)
    assert schema == {"type": "array", "items": {"type": "string"}, "maxItems": 50}


def test_a_parameter_that_may_be_absent_is_not_null():
    text = {"anyOf": [{"type": "string"}, {"type": "null"}], "maxLength": 50, "default": None}
    spell_parameter(text)
    assert text == {"type": "string", "maxLength": 50}


def test_a_batch_is_a_component_of_its_own(described: Json):
    body = operation(described, "post", "/things")["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/ThingBatchRequest"}
    batch = described["components"]["schemas"]["ThingBatchRequest"]
    assert batch["properties"]["items"]["maxItems"] == 5
    assert batch["additionalProperties"] is False


def test_an_example_is_shown_at_everything_that_it_has_a_value_for(described: Json):
    put = operation(described, "put", "/things/{thing_id}")
    shown = {p["name"]: p["examples"]["small"] for p in put["parameters"] if "examples" in p}
    assert shown == {
        "thing_id": {"summary": "A small thing", "value": EXAMPLE.path["thing_id"]},
        "If-Match": {"summary": "A small thing", "value": '"a"'},
    }
    for described_body, value in (
        (put["requestBody"], EXAMPLE.body),
        (put["responses"]["200"], EXAMPLE.answer),
    ):
        [content] = described_body["content"].values()
        assert content["examples"] == {"small": {"summary": "A small thing", "value": value}}
    assert "x-examples" not in put
    other = APIRouter()

    @other.put("/other", response_model=ShownThing)
    async def put_other(caller: Reader, if_match: IfMatchDep) -> Response:
        return json_answer({})

    [parameter] = world(other).app.openapi()["paths"]["/other"]["put"]["parameters"]
    assert "examples" not in parameter


def test_operations_that_take_the_same_body_show_their_own_examples():
    routes = APIRouter()

    @routes.put("/first", openapi_extra=examples(replace(EXAMPLE, name="first", answer=None)))
    async def put_first(caller: Reader, body: ThingBody) -> Response:
        return json_answer({})

    @routes.put("/second", openapi_extra=examples(replace(EXAMPLE, name="second", answer=None)))
    async def put_second(caller: Reader, body: ThingBody) -> Response:
        return json_answer({})

    document = world(routes).app.openapi()
    for name in ("first", "second"):
        [content] = operation(document, "put", f"/{name}")["requestBody"]["content"].values()
        assert list(content["examples"]) == [name]
