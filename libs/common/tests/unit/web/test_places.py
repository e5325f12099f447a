"""The places of a process at its edge: how they are shared, and what waits for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter
from starlette.responses import Response

from common.runtime import shares, turns
from common.web import Caller, requires
from common.web.responses import json_answer
from devstack.testing.wait import until
from libs.common.tests.unit.web.plumbing import HTTP, check_problem, world

router = APIRouter()
Reader = Annotated[Caller, requires("context:read")]
Hasty = Annotated[Caller, requires("context:read", patience_seconds=0.01)]
gate = asyncio.Event()
inside: list[bool] = []
"""One for each request that has reached the gate."""


@router.get("/hasty")
async def hasty(_caller: Hasty) -> Response:
    return json_answer({})


@router.get("/quick")
async def quick(_caller: Reader) -> Response:
    return json_answer({})


@router.get("/slow")
async def slow(_caller: Reader) -> Response:
    inside.append(True)
    await gate.wait()
    return json_answer({})


@router.get("/long")
async def work_in_turns(_caller: Reader) -> Response:
    await turns.Turns().give_way()
    return json_answer({})


@asynccontextmanager
async def flooded(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Yield the client of a tenant whose requests fill all places, and another tenant's."""
    monkeypatch.setattr(shares, "ACTIVE_SECONDS", 1e-9)
    small = world(router, http=HTTP.model_copy(update={"max_in_flight": 20}))
    keys = [small.keys.add(small.clock, tenant_id=name) for name in ("a", "b")]
    gate.clear()
    inside.clear()
    async with small.client(keys[0]) as flood, small.client(keys[1]) as other:
        for client in (flood, other):  # their credentials are known from now on
            assert (await client.get("/quick")).status_code == 200
        held = [asyncio.create_task(flood.get("/slow")) for _ in range(20)]
        await until(lambda: len(inside) == 20, within=10)
        yield flood, other
        gate.set()
        assert {(await task).status_code for task in held} == {200}


async def test_a_tenants_flood_leaves_places_to_another(monkeypatch: pytest.MonkeyPatch):
    async with flooded(monkeypatch) as (flood, other):
        waiting = asyncio.create_task(other.get("/quick"))
        refused = await flood.get("/slow")
        assert refused.status_code == 503
        gate.set()
        assert (await waiting).status_code == 200


async def test_a_route_waits_for_a_place_no_longer_than_it_says(monkeypatch: pytest.MonkeyPatch):
    async with flooded(monkeypatch) as (_, other):
        refused = await other.get("/hasty")
        check_problem(refused, 503)
        assert refused.headers["retry-after"] == "1"
        gate.set()
        assert (await other.get("/quick")).status_code == 200


async def test_long_work_rests_beside_another_tenant(monkeypatch: pytest.MonkeyPatch):
    there = world(router)
    pauses: list[float] = []
    monkeypatch.setattr(shares, "ACTIVE_SECONDS", 3600)
    monkeypatch.setattr(turns, "TURN_SECONDS", 0)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(turns, "asyncio", SimpleNamespace(sleep=sleep))
    keys = [there.keys.add(there.clock, tenant_id=name) for name in ("a", "b")]
    async with there.client(keys[0]) as one, there.client(keys[1]) as other:
        await one.get("/long")
        await other.get("/quick")
        await one.get("/long")
    assert pauses[0] == 0 < pauses[1]


async def test_too_many_at_once_are_503_while_health_still_answers():
    small = world(router, http=HTTP.model_copy(update={"max_in_flight": 2}))
    gate.clear()
    inside.clear()
    async with small.client(small.keys.add(small.clock)) as client:
        held = [asyncio.create_task(client.get("/slow")) for _ in range(2)]
        await until(lambda: len(inside) == 2, within=10)
        refused = await client.get("/slow")
        check_problem(refused, 503)
        assert refused.headers["retry-after"] == "1"
        assert (await client.get("/livez")).status_code == 200
        gate.set()
        assert [(await task).status_code for task in held] == [200, 200]
        assert (await client.get("/slow")).status_code == 200
