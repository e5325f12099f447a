"""The gate of the contracts refuses what breaks a caller, and passes what does not."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tools.contracts.breaking.operations import compare_apis

Json = dict[str, Any]

REQUEST = {
    "type": "object",
    "required": ["channel"],
    "properties": {
        "channel": {"type": "string", "maxLength": 64, "pattern": "^[a-z]+$"},
        "kind": {"enum": ["message", "note"], "default": "message"},
        "text": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "weight": {"type": "number", "minimum": 0},
        "author": {"$ref": "#/components/schemas/Author"},
        "labels": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "data": {"type": "object", "additionalProperties": True},
    },
    "additionalProperties": False,
}
ANSWER = {
    "type": "object",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {"enum": ["open", "closed"]},
        "count": {"type": "integer", "maximum": 10},
        "author": {"$ref": "#/components/schemas/Author"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "parent": {"anyOf": [{"$ref": "#/components/schemas/Answer"}, {"type": "null"}]},
        "subject": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "items": {"type": "array", "items": {"type": "string"}},
    },
}
RECORD = {
    "operationId": "record",
    "tags": ["interactions"],
    "security": [{"bearer": []}],
    "x-required-scope": "interactions:write",
    "parameters": [
        {"name": "dry_run", "in": "query", "schema": {"type": "boolean"}},
        {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
    ],
    "requestBody": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}}
    },
    "responses": {
        "201": {
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
            "headers": {"ETag": {"schema": {"type": "string"}}},
        },
        "422": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
    },
}
DOCUMENT = {
    "paths": {"/things/{thing_id}": {
        "post": RECORD,
        "parameters": [
            {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
    }},
    "components": {"schemas": {
        "Request": REQUEST,
        "Answer": ANSWER,
        "Author": {"type": "object", "properties": {"name": {"type": "string"}}},
    }},
}  # fmt: skip
PLACE = "POST /things/{thing_id}"


@dataclass(frozen=True)
class Draft:
    """A copy of the document, to be changed."""

    document: Json = field(default_factory=lambda: copy.deepcopy(DOCUMENT))

    def schema(self, name: str) -> Json:
        return self.document["components"]["schemas"][name]

    @property
    def operation(self) -> Json:
        return self.document["paths"]["/things/{thing_id}"]["post"]

    @property
    def thing_id(self) -> Json:
        return self.document["paths"]["/things/{thing_id}"]["parameters"][0]

    @property
    def request(self) -> Json:
        return self.schema("Request")["properties"]

    @property
    def answer(self) -> Json:
        return self.schema("Answer")["properties"]


def changed(change: Callable[[Draft], object]) -> Json:
    draft = Draft()
    change(draft)
    return draft.document


BREAKING = {
    "component-renamed: Author": lambda d: (
        d.document["components"]["schemas"].update(Person=d.schema("Author")),
        d.request.update(author={"$ref": "#/components/schemas/Person"}),
        d.answer.update(author={"$ref": "#/components/schemas/Person"}),
    ),
    f"operation-removed: {PLACE}": lambda d: d.document["paths"]["/things/{thing_id}"].pop("post"),
    f"operation-id-changed: {PLACE}": lambda d: d.operation.update(operationId="add"),
    f"tag-changed: {PLACE}": lambda d: d.operation.update(tags=["more", "interactions"]),
    f"security-changed: {PLACE}": lambda d: d.operation.update(security=[{"basic": []}]),
    f"scope-changed: {PLACE}": lambda d: d.operation.update({"x-required-scope": "admin"}),
    f"parameter-removed: {PLACE}: query dry_run": lambda d: d.operation["parameters"].pop(0),
    f"parameter-removed: {PLACE}: header If-Match": lambda d: d.operation["parameters"].pop(1),
    f"parameter-required: {PLACE}: query dry_run": (
        lambda d: d.operation["parameters"][0].update(required=True)
    ),
    f"parameter-required: {PLACE}: query page": lambda d: d.operation["parameters"].append(
        {"name": "page", "in": "query", "required": True, "schema": {}}
    ),
    f"parameter-style-changed: {PLACE}: query dry_run": (
        lambda d: d.operation["parameters"][0].update(explode=False)
    ),
    f"type-changed: {PLACE}: query dry_run": (
        lambda d: d.operation["parameters"][0].update(schema={"type": "string"})
    ),
    f"format-changed: {PLACE}: path thing_id": (
        lambda d: d.thing_id["schema"].update(format="uuid")
    ),
    f"body-removed: {PLACE}": lambda d: d.operation.pop("requestBody"),
    f"body-required: {PLACE}": lambda d: d.operation["requestBody"].update(required=True),
    f"media-type-removed: {PLACE}: body application/json": (
        lambda d: d.operation["requestBody"].update(content={"text/plain": {}})
    ),
    f"answer-removed: {PLACE}: answer 422": lambda d: d.operation["responses"].pop("422"),
    f"media-type-removed: {PLACE}: answer 201 application/json": (
        lambda d: d.operation["responses"]["201"].update(content={})
    ),
    f"header-removed: {PLACE}: answer 201: header ETag": (
        lambda d: d.operation["responses"]["201"].pop("headers")
    ),
    "property-removed: Request/text": lambda d: d.request.pop("text"),
    "property-required: Request/text": (
        lambda d: d.schema("Request")["required"].append("text")
    ),
    "property-required: Request/new": lambda d: (
        d.request.update(new={"type": "string"}), d.schema("Request")["required"].append("new")
    ),
    'value-removed: Request/kind "note"': lambda d: d.request["kind"]["enum"].remove("note"),
    "default-changed: Request/kind": lambda d: d.request["kind"].update(default="note"),
    "values-limited: Request/channel": lambda d: d.request["channel"].update(enum=["email"]),
    "limit-changed: Request/channel": lambda d: d.request["channel"].update(maxLength=10),
    "rule-changed: Request/channel": lambda d: d.request["channel"].update(pattern="^x$"),
    "type-removed: Request/text": lambda d: d.request.update(text={"type": "string"}),
    "type-changed: Request/weight": lambda d: d.request["weight"].update(type="integer"),
    "limit-changed: Request/weight": lambda d: d.request["weight"].update(minimum=1),
    "limit-changed: Request/labels": lambda d: d.request["labels"].update(maxItems=2),
    "limit-changed: Request/labels/*": (
        lambda d: d.request["labels"]["items"].update(maxLength=10)
    ),
    "rule-changed: Request/labels": lambda d: d.request["labels"].update(uniqueItems=True),
    "map-removed: Request/data": lambda d: d.request["data"].update(additionalProperties=False),
    "type-changed: Request/data/*": (
        lambda d: d.request["data"].update(additionalProperties={"type": "string"})
    ),
    "property-removed: Answer/count": lambda d: d.answer.pop("count"),
    "property-optional: Answer/state": (
        lambda d: d.schema("Answer")["required"].remove("state")
    ),
    'value-removed: Answer/state "open"': lambda d: d.answer["state"]["enum"].remove("open"),
    'value-added: Answer/state "new"': lambda d: d.answer["state"]["enum"].append("new"),
    "values-unlimited: Answer/state": lambda d: d.answer.update(state={"type": "string"}),
    "format-changed: Answer/id": lambda d: d.answer["id"].pop("format"),
    "type-changed: Answer/count": lambda d: d.answer["count"].update(type="number"),
    "limit-changed: Answer/count": lambda d: d.answer["count"].update(maximum=11),
    "type-added: Answer/items": lambda d: d.answer.update(
        items={"anyOf": [d.answer["items"], {"type": "null"}]}
    ),
    "type-changed: Answer/items/*": (
        lambda d: d.answer["items"].update(items={"type": "integer"})
    ),
    "map-removed: Answer/counts": lambda d: d.answer["counts"].pop("additionalProperties"),
    "type-changed: Answer/counts/*": (
        lambda d: d.answer["counts"].update(additionalProperties={"type": "string"})
    ),
    "property-removed: Author/name": lambda d: d.schema("Author")["properties"].clear(),
}  # fmt: skip

COMPATIBLE = {
    "a new operation": lambda d: d.document["paths"].update({"/more": {"get": {"responses": {}}}}),
    "a new optional parameter": lambda d: d.operation["parameters"].append(
        {"name": "page", "in": "query", "schema": {}}
    ),
    "a parameter no longer required": lambda d: d.operation["parameters"][0].update(required=False),
    "another case of a header": lambda d: d.operation["parameters"][1].update(name="if-match"),
    "a new optional field of a request": lambda d: d.request.update(more={"type": "string"}),
    "a required field that may be left out": lambda d: d.schema("Request").pop("required"),
    "a new value in a request": lambda d: d.request["kind"]["enum"].append("call"),
    "any value in a request": lambda d: d.request.update(kind={"type": "string"}),
    "a longer text in a request": lambda d: d.request["channel"].update(maxLength=100),
    "no pattern in a request": lambda d: d.request["channel"].pop("pattern"),
    "null in a request": lambda d: d.request.update(
        channel={"anyOf": [d.request["channel"], {"type": "null"}]}
    ),
    "a field that takes a list too": lambda d: d.request["text"]["anyOf"].append({"type": "array"}),
    "a new media type of a body": lambda d: d.operation["requestBody"]["content"].update(
        {"text/plain": {}}
    ),
    "a new answer": lambda d: d.operation["responses"].update({"409": {}}),
    "a new header": lambda d: d.operation["responses"]["422"].update(
        headers={"Retry-After": {"schema": {"type": "integer"}}}
    ),
    "a new field of an answer": lambda d: d.answer.update(more={"type": "string"}),
    "a field of an answer that is always there": lambda d: d.schema("Answer")[
        "required"
    ].append("count"),
    "an answer that is never null": lambda d: d.answer.update(subject={"type": "string"}),
    "a narrower number in an answer": lambda d: d.answer["count"].update(minimum=1, maximum=5),
    "one value of what was a text": lambda d: d.answer["subject"]["anyOf"][0].update(enum=["x"]),
    "other words": lambda d: (
        d.operation.update(summary="Add"),
        d.request["text"].update(description="Words", title="Text", examples=[""]),
    ),
    "public access": lambda d: d.operation.update(security=[]),
    "a reference instead of the schema": lambda d: (
        d.document["components"]["schemas"].update(Kind=d.request["kind"]),
        d.request.update(kind={"$ref": "#/components/schemas/Kind"}),
    ),
    "a list of types instead of alternatives": lambda d: d.request.update(
        text={"type": ["null", "string"]}
    ),
    "a schema in parts": lambda d: d.document["components"]["schemas"].update(
        Answer={"allOf": [ANSWER, {"type": "object", "properties": {"more": {"type": "string"}}}]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_refused(name: str):
    assert [change.name for change in compare_apis(DOCUMENT, changed(BREAKING[name]))] == [name]


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_compatible_change_passes(name: str):
    assert compare_apis(DOCUMENT, changed(COMPATIBLE[name])) == []


def test_a_renamed_path_parameter_is_reported_as_such():
    def rename(draft: Draft) -> None:
        draft.thing_id["name"] = "id"
        paths = draft.document["paths"]
        paths["/things/{id}"] = paths.pop("/things/{thing_id}")

    found = compare_apis(DOCUMENT, changed(rename))
    assert [str(change) for change in found] == [f"parameter-renamed: {PLACE} (/things/{{id}})"]


def test_a_call_that_needed_no_key_may_not_ask_for_one():
    public = changed(lambda d: d.operation.update(security=[]))
    found = compare_apis(public, DOCUMENT)
    assert [change.name for change in found] == [f"security-changed: {PLACE}"]


def test_a_component_that_both_sides_use_is_judged_for_both():
    def limit(values: list[str]) -> Json:
        author = "Author"
        return changed(lambda d: d.schema(author)["properties"]["name"].update(enum=values))

    found = compare_apis(limit(["agent", "bot"]), limit(["bot", "system"]))
    assert [change.name for change in found] == [
        'value-added: Author/name "system"',
        'value-removed: Author/name "agent"',
    ]


def test_a_change_of_a_schema_inside_itself_is_reported_once():
    found = compare_apis(DOCUMENT, changed(lambda d: d.answer.pop("count")))
    assert [change.name for change in found] == ["property-removed: Answer/count"]
