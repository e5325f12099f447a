"""Bodies on their way into a router."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import pytest
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response
from typing_extensions import override

from common.web import Caller, public, requires
from common.web.auth import RateLimiter, rate_limits
from common.web.requests import (
    Batch,
    JsonObject,
    Name,
    RawBody,
    RequestModel,
    Text,
    Timestamp,
    batch_body,
    json_body,
    signed_body,
)
from common.web.requests.batches import ERRORS_EACH, MORE_ERRORS
from common.web.responses import json_answer
from devstack.testing.wait import until
from libs.common.tests.unit.web.plumbing import World, world

CANARY = "canary-7f3@example.test"
MAIL = {"type": "email", "value": "v"}


class Phone(RequestModel):
    type: Literal["phone"]
    value: Name


class Mail(RequestModel):
    type: Literal["email"]
    value: Name
    strength: int = 0


class Thing(RequestModel):
    name: Name
    at: Timestamp | None = None
    note: Text | None = None
    contact: Phone | Mail | None = None
    other: Annotated[Phone | Mail, Field(discriminator="type")] | None = None
    data: JsonObject = Field(default_factory=dict)


class Group(RequestModel):
    members: list[Name]

    @override
    def quota_cost(self) -> int:
        return len(self.members)


router = APIRouter()


@router.post("/things")
async def keep(
    body: Annotated[Thing, json_body(Thing, max_bytes=2_000)],
    _caller: Annotated[Caller, requires("identity:write")],
) -> Response:
    return json_answer(body, status=201)


@router.post("/batches")
async def keep_many(
    body: Annotated[Batch[Thing], batch_body(Thing, max_items=1_000)],
    _caller: Annotated[Caller, requires("identity:write")],
) -> Response:
    answers = [{"name": item.name} for _, item in body.accepted()]
    return json_answer({"items": body.merge(answers)})


@router.post("/groups")
async def keep_group(
    _caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[Group, json_body(Group)],
) -> Response:
    return json_answer(body)


@router.post("/groups/batch")
async def keep_groups(
    _caller: Annotated[Caller, requires("identity:write")],
    body: Annotated[Batch[Group], batch_body(Group)],
) -> Response:
    return json_answer({"items": body.merge([{} for _ in body.accepted()])})


@router.post("/hooks", dependencies=[public("signed")])
async def hook(raw: Annotated[RawBody, signed_body(lambda _: 100)]) -> Response:
    return json_answer({"bytes": raw.content.hex(), "type": raw.content_type})


@pytest.fixture
def there() -> World:
    return world(router)


async def post(there: World, path: str, **request: Any) -> Any:
    async with there.client(there.keys.add(there.clock)) as client:
        return await client.post(path, **request)


async def test_a_sound_body_arrives_as_its_model(there: World):
    answer = await post(there, "/things", json={"name": " Ann ", "at": "2026-03-02T13:00:00+01:00"})
    assert answer.status_code == 201
    assert answer.json() | {"data": None} == {
        "name": "Ann", "at": "2026-03-02T12:00:00Z", "note": None, "contact": None, "other": None,
        "data": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "x", "at": "2026-03-02T13:00:00"}, "/at"),
        ({"name": "x", "at": 1_700_000_000}, "/at"),
        ({"name": "x", "at": "0001-01-01T00:00:00+14:00"}, "/at"),
        ({"name": 5}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "x", "tenant_id": CANARY}, "/tenant_id"),
        ({"name": "x", "contact": MAIL | {"strength": "1"}}, "/contact/strength"),
        ({"name": "x", "contact": MAIL | {"strength": True}}, "/contact/strength"),
        ({"name": "x", "contact": MAIL | {"strength": 1.0}}, "/contact/strength"),
        ({}, "/name"),
        ([], ""),
    ],
)  # fmt: skip
async def test_a_broken_rule_is_422_and_points_at_the_field(there: World, body: Any, pointer: str):
    answer = await post(there, "/things", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "%s"' % CANARY.encode(),
        b'{"name": "%s", "name": "%s"}' % (CANARY.encode(), CANARY.encode()),
        b'{"name": "%s\\u0000"}' % CANARY.encode(),
        b'{"name": ["%s"]}' % CANARY.encode(),
        b'{"name": "x", "at": "%s"}' % CANARY.encode(),
        b'{"name": "x", "other": {"type": "%s"}}' % CANARY.encode(),
        b'{"name": "x", "data": "%s", "contact": {"type": "%s"}}' % ((CANARY.encode(),) * 2),
    ],
)
async def test_what_was_sent_is_never_echoed(there: World, content: bytes):
    answer = await post(
        there, "/things", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ({"content-type": "application/json; charset=UTF-8"}, 201),
        ({"content-type": "Application/JSON"}, 201),
        ({"content-type": "application/vnd.us+json"}, 201),
    ],
)
async def test_only_json_in_utf8_is_read_as_json(there: World, headers: Any, status: int):
    answer = await post(there, "/things", content=b'{"name": "x"}', headers=headers)
    assert answer.status_code == status


async def test_a_body_is_never_read_beyond_its_cap(there: World):
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 100_000:
            sent += 500
            yield b" " * 500

    answer = await post(
        there, "/things", content=endless(), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert sent <= 3_000
    declared = await post(there, "/things", json={"name": "x" * 3_000})
    assert declared.status_code == 413


async def test_strangers_are_refused_before_their_body_is_read(there: World):
    async with there.client() as client:
        answer = await client.post("/things", content=b"nonsense")
    assert answer.status_code == 401


async def test_a_bad_item_spoils_only_itself(there: World):
    items = [{"name": "a"}, {"name": 1}, {"name": "c", "x": 1}, {"name": "d"}, 7]
    answer = await post(there, "/batches", json={"items": items})
    found = answer.json()["items"]
    assert [entry.get("name") for entry in found] == ["a", None, None, "d", None]
    assert [e["problem"]["errors"][0]["pointer"] for e in found if "problem" in e] == [
        "/name", "/x", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body", [[], {}, {"items": []}, {"items": {}}, {"items": [1] * 1_001}, {"items": [{}], "x": 1}]
)
async def test_a_batch_has_one_to_a_thousand_items_and_nothing_else(there: World, body: Any):
    assert (await post(there, "/batches", json=body)).status_code == 422


async def test_a_batch_lists_a_few_errors_of_each_item_and_some_more(there: World):
    few = {f"x{n}": 1 for n in range(ERRORS_EACH - 1)}
    many = {f"x{n}": 1 for n in range(ERRORS_EACH + MORE_ERRORS // 2)}
    items = [{"name": "a"} | extra for extra in (few, many, many, many, few)]
    answer = await post(there, "/batches", json={"items": items})
    listed = [item["problem"]["errors"] for item in answer.json()["items"]]
    assert [len(errors) for errors in listed] == [len(few), 100, 100, 1, len(few)]
    assert listed[3] == [
        {
            "pointer": "",
            "code": "not_listed",
            "detail": f"has {len(many)} errors; send the item alone to see them",
        }
    ]


async def test_the_errors_of_a_batch_have_a_bounded_cost(there: World):
    item = {"name": "a"} | {f"x{n}": 1 for n in range(190)}
    answer = await post(there, "/batches", json={"items": [item] * 1_000})
    assert answer.status_code == 200
    assert len(answer.content) < 300_000


async def test_a_batch_costs_the_quota_of_its_items(there: World):
    answer = await post(there, "/batches", json={"items": [{"name": "a"}] * 300})
    remaining = int(answer.headers["ratelimit"].split("r=")[1].split(";")[0])
    assert 59_700 <= remaining < 59_990


async def test_a_full_batch_is_accepted(there: World):
    item = {"name": "x" * 200, "data": {f"k{n}": {"v": [1, 2]} for n in range(20)}}
    answer = await post(there, "/batches", json={"items": [item] * 1_000})
    assert len(answer.json()["items"]) == 1_000


@pytest.mark.parametrize("content", [b"a=1&b=%C3%A4&a=2&c=", b"", b"a=%ff", b"\xff\x00"])
async def test_raw_bodies_keep_their_bytes(there: World, content: bytes):
    answer = await post(there, "/hooks", content=content, headers={"content-type": "a/b"})
    assert answer.json() == {"bytes": content.hex(), "type": "a/b"}


async def test_raw_bodies_have_a_limit(there: World):
    assert (await post(there, "/hooks", content=b"x" * 100)).status_code == 200
    assert (await post(there, "/hooks", content=b"x" * 101)).status_code == 413


@pytest.mark.parametrize(
    ("path", "body", "cost"),
    [
        ("/groups", {"members": ["a"]}, 1),
        ("/groups", {"members": ["a"] * 50}, 50),
        ("/groups/batch", {"items": [{"members": ["a"] * 20}, {"members": ["a"] * 30}]}, 50),
        ("/groups/batch", {"items": [{"members": ["a"] * 20}, {"no": 1}]}, 21),
        ("/groups", {"members": ["a" * 200] * 400}, 400 + 2),
    ],
)
async def test_a_body_counts_by_what_it_costs(there: World, path: str, body: Any, cost: int):
    there.state.limiter = RateLimiter(there.state.http.rate_limit_per_minute, time=lambda: 0.0)
    async with there.client(there.keys.add(there.clock)) as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    left = dict(part.split("=") for part in answer.headers["ratelimit"].split(";")[1:])
    assert there.state.http.rate_limit_per_minute - int(left["r"]) == cost


async def test_bodies_of_a_tenant_that_do_not_arrive_are_limited(
    there: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rate_limits, "MAX_ARRIVING_EACH", 2)
    rest = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b'{"name":'
        await rest.wait()
        yield b'"a"}'

    key, other = (there.keys.add(there.clock, tenant_id=name) for name in ("a", "b"))
    content = {"content-type": "application/json"}
    async with there.client(key) as client, there.client(other) as stranger:
        slow = [
            asyncio.create_task(client.post("/things", content=half(), headers=content))
            for _ in range(2)
        ]
        await until(lambda: there.state.arriving.count("a") == 2)
        assert (await client.post("/things", json={"name": "a"})).status_code == 429
        assert (await stranger.post("/things", json={"name": "a"})).status_code == 201
        rest.set()
        assert {(await task).status_code for task in slow} == {201}
        assert (await client.post("/things", json={"name": "a"})).status_code == 201
