"""A route's plan gives its function what FastAPI would give it, and calls dependencies once."""

import asyncio
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import JSONResponse, Response

from common.web.endpoint import Endpoint, endpoint_of
from common.web.handlers import HANDLERS
from common.web.requests import ANY_QUERY

calls: list[str] = []


async def inner(request: Request, flag: bool = False) -> str:  # noqa: FBT001, FBT002
    calls.append(request.url.path)
    return f"inner {flag}"


async def outer(inner: Annotated[str, Depends(inner)], mark: str | None = None) -> str:
    return f"outer of {inner} {mark}"


class Doubled:
    """A dependency that is an object, as those that carry settings are."""

    async def __call__(self, count: Annotated[int, Query(ge=0, le=9, alias="n")] = 3) -> int:
        return count * 2


router = APIRouter()


@router.get("/things/{thing_id}/{place}")
async def get_thing(
    thing_id: UUID,
    place: int,
    outer: Annotated[str, Depends(outer)],
    inner: Annotated[str, Depends(inner)],
    *,
    doubled: Annotated[int, Depends(Doubled())],
    wanted: int,
    tag: Annotated[list[str] | None, Query()] = None,
    since: datetime | None = None,
) -> Response:
    values = {"id": thing_id, "place": place, "outer": outer, "inner": inner, "doubled": doubled}
    return JSONResponse(
        {name: str(value) for name, value in values.items()}
        | {"wanted": wanted, "tag": tag, "since": str(since)}
    )


@router.get("/plain")
async def get_plain() -> dict[str, int]:
    return {"one": 1}


@router.get("/blocking")
def get_blocking() -> Response:
    return Response("in a thread")


def _app(*, planned: bool) -> Any:
    app = FastAPI(exception_handlers=dict(HANDLERS))
    app.include_router(router)
    if not planned:
        return app
    bare = FastAPI()
    for route in router.routes:
        assert isinstance(route, APIRoute)
        copy = APIRoute(route.path, route.endpoint, openapi_extra=ANY_QUERY)
        copy.app = endpoint_of(copy)
        bare.router.routes.append(copy)
    bare.middleware_stack = ExceptionMiddleware(bare.router, handlers=HANDLERS)
    return bare


APPS = [_app(planned=True), _app(planned=False)]


async def _answers(path: str) -> list[tuple[int, Any, list[str]]]:
    answers = []
    for app in APPS:
        calls.clear()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            answer = await client.get(path)
        answers.append((answer.status_code, answer.json(), list(calls)))
    return answers


values = st.sampled_from(["", "0", "7", "10", "x", "true", "2026-03-02T12:00:00Z", "a,b", "é"])
pairs = st.tuples(st.sampled_from(["n", "flag", "mark", "wanted", "tag", "since"]), values)
ids = st.sampled_from(["01890000-0000-7000-8000-000000000000", "nobody"])


@given(ids, st.sampled_from(["1", "x"]), st.lists(pairs, max_size=8))
def test_a_plan_gives_what_the_framework_would_give(
    thing_id: str, place: str, query: list[tuple[str, str | int | float | bool | None]]
):
    path = f"/things/{thing_id}/{place}?{httpx.QueryParams(query)}"
    planned, framework = asyncio.run(_answers(path))
    assert planned == framework


async def test_a_dependency_that_two_ask_for_is_called_once():
    path = "/things/01890000-0000-7000-8000-000000000000/1?wanted=1"
    [planned, _] = await _answers(path)
    assert planned[0] == 200
    assert len(planned[2]) == 1


async def test_what_no_plan_fits_is_served_by_the_framework():
    kinds = {one.path: type(endpoint_of(one)) for one in router.routes if isinstance(one, APIRoute)}
    assert kinds.pop("/things/{thing_id}/{place}") is Endpoint
    assert Endpoint not in kinds.values()
    assert [answer[1] for answer in await _answers("/plain")] == [{"one": 1}] * 2
