"""The edge of an application: problems for every error, headers, health, metrics, documentation."""

import asyncio
import json
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from common.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PreconditionError,
    ServiceError,
    UnavailableError,
)
from common.web import Caller, CursorsDep, PageLimit, WriterDep, public, requires
from common.web.requests import ANY_QUERY, Batch, RequestModel, Sequence64, batch_body, json_body
from common.web.responses import json_answer
from libs.common.tests.unit.web.plumbing import HTTP, World, check_problem, world

CANARY = "canary-7f3@example.test"
ERRORS: dict[str, Exception] = {
    "422": InvalidError("x"),
    "404": NotFoundError("x"),
    "409": ConflictError("x"),
    "403": ForbiddenError("x"),
    "412": PreconditionError("x"),
    "503": UnavailableError("x", retry_after_seconds=2.2),
    "500": RuntimeError(CANARY),
}


class Body(RequestModel):
    name: str


class Filters(BaseModel):
    colour: str | None = None
    size: int | None = None


router = APIRouter()
Reader = Annotated[Caller, requires("context:read")]


@router.get("/things/{thing_id}")
async def read(thing_id: UUID, _caller: Reader, limit: PageLimit, q: str | None = None) -> Response:
    return json_answer({"id": thing_id, "limit": limit, "q": q})


@router.put("/things/{thing_id}")
async def replace(
    thing_id: UUID, _caller: Reader, write: WriterDep, body: Annotated[Body, json_body(Body)]
) -> Response:
    return json_answer({"id": thing_id})


@router.post("/batches")
async def many(
    _caller: Reader, body: Annotated[Batch[Body], batch_body(Body, max_items=5)]
) -> Response:
    return json_answer({})


@router.get("/filtered")
async def filtered(
    _caller: Reader, filters: Annotated[Filters, Query()], after: Sequence64 = 0
) -> Response:
    return json_answer({"colour": filters.colour, "after": after})


@router.get("/pages")
async def pages(_caller: Reader, cursors: CursorsDep, cursor: str | None = None) -> Response:
    position = cursors.read(cursor, {"f": 1}) or (0,)
    return json_answer(
        {"at": position[0], "next": cursors.write((int(str(position[0])) + 1,), {"f": 1})}
    )


@router.get("/errors/{name}")
async def fail(name: str, _caller: Reader) -> Response:
    raise ERRORS[name]


@router.get("/any", dependencies=[public("a provider")], openapi_extra=ANY_QUERY)
async def anything() -> Response:
    return json_answer({})


ID = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def there() -> World:
    return world(router)


async def get(there: World, path: str, method: str = "GET", **options: Any) -> Any:
    async with there.client(there.keys.add(there.clock)) as client:
        return await client.request(method, path, **options)


@pytest.mark.parametrize("name", ERRORS)
async def test_every_error_is_a_problem(there: World, name: str):
    answer = await get(there, f"/errors/{name}")
    problem = check_problem(answer, int(name))
    assert CANARY not in answer.text
    error = ERRORS[name]
    if isinstance(error, ServiceError):
        assert problem["type"].endswith(error.type_suffix)
    if name == "503":
        assert answer.headers["retry-after"] == "3"


async def test_a_crash_is_logged_without_what_it_said(
    there: World, capsys: pytest.CaptureFixture[str]
):
    await get(there, "/errors/500")
    printed = "".join(capsys.readouterr())
    assert CANARY not in printed
    failed = next(json.loads(line) for line in printed.splitlines() if "request_failed" in line)
    assert failed["error"] == "RuntimeError"
    assert any("test_app.py" in frame for frame in failed["stack"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "//things/" + ID, 404),
        ("GET", f"/things/{ID}/", 404),
        ("GET", f"/THINGS/{ID}", 404),
        ("GET", f"/%2e/things/{ID}", 404),
        ("GET", "/things/not-an-id", 404),
        ("GET", "/things/%00", 404),
        ("GET", "/things/1%0d%0aSet-Cookie:x", 404),
        ("GET", f"/things/{ID}?limit=x", 422),
        ("GET", f"/things/{ID}?limit=1.0", 422),
        ("GET", f"/things/{ID}?limit=1_0", 422),
        ("GET", f"/things/{ID}?limit=%2B1", 422),
        ("GET", f"/things/{ID}?limit=" + "9" * 5_000, 422),
        ("GET", f"/things/{ID}?q=%00", 422),
        ("GET", f"/things/{ID}?q=a%0d%0ab", 422),
        ("GET", f"/things/{ID}?Q=a", 422),
        ("GET", f"/things/{ID}?x[$ne]=1", 422),
        ("GET", "/filtered?after=9223372036854775808", 422),
        ("GET", "/filtered?after=-1", 422),
        ("GET", "/filtered?colour=red&weight=1", 422),
        ("GET", "/pages?cursor=AAAA", 400),
        ("GET", "/any?" + "x" * 9_000, 414),
        ("HEAD", f"/things/{ID}", 405),
        ("OPTIONS", f"/things/{ID}", 405),
        ("TRACE", f"/things/{ID}", 405),
        ("DELETE", f"/things/{ID}", 405),
        ("BREW", f"/things/{ID}", 405),
    ],
)
async def test_odd_requests_are_problems_and_never_5xx(
    there: World, method: str, path: str, status: int
):
    answer = await get(there, path, method)
    if method == "HEAD":
        assert answer.status_code == status
    else:
        check_problem(answer, status)


async def test_a_wrong_method_learns_all_right_ones(there: World):
    answer = await get(there, f"/things/{ID}", "POST", headers={"X-HTTP-Method-Override": "GET"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


async def test_what_is_declared_is_let_through(there: World):
    answer = await get(there, f"/things/{ID}?limit=100000&q=%C3%A4%20'--")
    assert answer.json() == {"id": ID, "limit": 200, "q": "ä '--"}
    assert (await get(there, f"/things/{ID}?limit=-5")).json()["limit"] == 1
    assert (await get(there, "/filtered?colour=red&after=7")).json() == {
        "colour": "red",
        "after": 7,
    }
    assert (await get(there, "/any?what=ever&x[]=1")).status_code == 200


async def test_cursors_belong_to_tenant_and_route(there: World):
    first = (await get(there, "/pages")).json()
    second = await get(there, "/pages", params={"cursor": first["next"]})
    assert second.json()["at"] == 1
    async with there.client(there.keys.add(there.clock, tenant_id="other")) as stranger:
        answer = await stranger.get("/pages", params={"cursor": first["next"]})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("x-big", "x" * 40_000)], 431),
        ([(f"x-{n}", "1") for n in range(200)], 431),
        ([("traceparent", "junk\x7f"), ("x-request-id", '\\n{"level"')], 200),
        ([("traceparent", "00-" + "0" * 32 + "-" + "0" * 16 + "-01")], 200),
        ([("if-none-match", "\xff")], 200),
    ],
)
async def test_odd_headers(there: World, headers: Any, status: int):
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = await get(there, f"/things/{ID}", headers=raw)
    assert answer.status_code == status
    assert len(answer.headers["x-request-id"]) == 32


TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}


async def test_a_callers_trace_is_continued(there: World):
    answer = await get(there, "/any", headers=TRACEPARENT)
    assert answer.headers["x-request-id"] == TRACE_ID


@pytest.mark.parametrize("credential", [None, "Bearer tl_live_bad", "Bearer a.b.c", "Basic x"])
async def test_a_strangers_trace_is_not_continued(there: World, credential: str | None):
    headers = TRACEPARENT | ({} if credential is None else {"authorization": credential})
    async with there.client() as stranger:
        answer = await stranger.get("/any", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] != TRACE_ID
    assert len(answer.headers["x-request-id"]) == 32


async def test_every_answer_has_the_headers_of_its_safety(there: World):
    for path in (f"/things/{ID}", "/nothing", "/livez", "/errors/500"):
        headers = (await get(there, path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


async def test_anybody_may_ask_for_the_version(there: World):
    there.state.version = "1.2.3"
    async with there.client() as stranger:
        answer = await stranger.get("/version")
    assert (answer.status_code, answer.json()) == (200, {"service": "test", "version": "1.2.3"})
    operation = there.app.openapi()["paths"]["/version"]["get"]
    assert operation["security"] == []


async def test_ready_says_what_is_missing():
    async def fine() -> str | None:
        return None

    async def behind() -> str | None:
        return "the consumer is 12 s behind"

    async def broken() -> str | None:
        raise RuntimeError(CANARY)

    there = world(router, checks={"fine": fine, "consumer": behind, "broken": broken})
    answer = await get(there, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": {"ok": True, "reason": None},
        "fine": {"ok": True, "reason": None},
        "consumer": {"ok": False, "reason": "the consumer is 12 s behind"},
        "broken": {"ok": False, "reason": "RuntimeError"},
    }
    assert (await get(world(router), "/readyz")).status_code == 200


async def test_a_check_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("common.web.health.CHECK_SECONDS", 0.05)

    async def hang() -> str | None:
        await asyncio.sleep(60)
        return None

    answer = await get(world(router, checks={"hang": hang}), "/readyz")
    assert answer.json()["checks"]["hang"]["reason"] == "did not answer in time"


async def test_metrics_are_labelled_by_template_and_the_log_has_no_query(
    there: World, capsys: pytest.CaptureFixture[str]
):
    await get(there, f"/things/{ID}?q={CANARY}")
    await get(there, f"/nothing/{CANARY}")
    metrics = (await get(there, "/metrics")).text
    assert 'route="/things/{thing_id}",service="test",status="200"' in metrics
    assert ID not in metrics
    assert CANARY not in metrics + "".join(capsys.readouterr())


async def test_documentation_and_metrics_can_be_switched_off():
    shut = world(router, http=HTTP.model_copy(update={"docs": False, "metrics": False}))
    for path in ("/docs", "/openapi.json", "/metrics", "/redoc"):
        assert (await get(shut, path)).status_code == 404


async def test_health_and_metrics_can_have_a_port_of_their_own():
    apart = world(router, http=HTTP.model_copy(update={"health_port": 8001}))
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await get(apart, path)).status_code == 404
