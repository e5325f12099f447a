"""Measures a modest caller alone and beside a flood, in turns.

Each condition counts with its best round: what the machine does besides slows some rounds, what the
services do slows all of them. A flood runs in a process of its own at the lowest priority, because
real callers have machines of their own.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from common.jsons import dumps_text
from devstack.fleet.fleet import Fleet
from devstack.testing.wait import until
from tests.drills.callers.messages import Json, a_message

ROOT = Path(__file__).parents[3]
ROUNDS = 3
SAMPLES = 150
FACTOR = 2.0
FLOOR_SECONDS = 0.05
"""Below this, a delay is no harm whatever its ratio; a step of the scheduler takes 4 ms or more."""
TENANT = "other"
"""The tenant that is measured; the inbound topic belongs to the flooding one."""


@dataclass
class Caller:
    """One modest customer's front end: a call after the other, with pauses."""

    fleet: Fleet
    http: aiohttp.ClientSession

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.fleet.credentials.other_tenant_api_key}"}

    async def talk(self) -> float:
        """Record a message, read the context; return the seconds that both took."""
        began = time.perf_counter()
        recorded = await self._call(
            "POST", "interactions", "/v1/interactions", json=a_message(TENANT).body()
        )
        await self._call("GET", "interactions", f"/v1/context/{recorded['customer_id']}")
        return time.perf_counter() - began

    async def list_clocks(self) -> float:
        """Read a page of clocks; return the seconds that it took."""
        began = time.perf_counter()
        await self._call("GET", "sla", "/v1/sla/clocks?limit=5")
        return time.perf_counter() - began

    async def promise(self) -> float:
        """Record a message; return the seconds until sla has its clock."""
        began = time.perf_counter()
        recorded = await self._call(
            "POST", "interactions", "/v1/interactions", json=a_message(TENANT).body()
        )
        path = f"/v1/sla/clocks?conversation_id={recorded['conversation_id']}"

        async def has_clock() -> bool:
            return bool((await self._call("GET", "sla", path))["items"])

        await until(has_clock, 60, every=0.01)
        return time.perf_counter() - began

    async def _call(self, method: str, service: str, path: str, json: Json | None = None) -> Json:
        url = f"{self.fleet.url(f'{service} api')}{path}"
        async with self.http.request(method, url, headers=self.headers, json=json) as answer:
            assert answer.status < 300, (path, answer.status, await answer.text())
            found: Json = await answer.json()
            return found


@asynccontextmanager
async def modest_caller(fleet: Fleet) -> AsyncIterator[Caller]:
    """Yield a caller that has called before, because some things are slow only once."""
    async with aiohttp.ClientSession() as http:
        found = Caller(fleet, http)
        for _ in range(20):
            await found.talk()
        await found.list_clocks()
        yield found


@asynccontextmanager
async def flooded(fleet: Fleet, kind: str) -> AsyncIterator[None]:
    """Flood from another tenant, or for ``contact`` from another customer of the same one."""
    own = kind == "contact"
    keys = fleet.credentials
    order = {
        "kind": kind,
        "tenant": TENANT if own else "demo",
        "key": keys.other_tenant_api_key if own else keys.api_key,
        "interactions": fleet.url("interactions api"),
        "sla": fleet.url("sla api"),
        "kafka": fleet.bootstrap,
    }
    command = (sys.executable, "-m", "tests.drills.fairness.flood", dumps_text(order))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"flooding\n"
        yield
        assert process.returncode is None, "the flood ended early"
    finally:
        process.kill()
        await process.wait()


async def p99(step: Callable[[], Awaitable[float]], samples: int) -> float:
    taken = []
    for _ in range(samples):
        taken.append(await step())
        await asyncio.sleep(0.005)
    return p99_of(taken)


def p99_of(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]


async def compared(
    fleet: Fleet,
    kind: str,
    step: Callable[[], Awaitable[float]],
    samples: int,
    settle: Callable[[], Awaitable[None]],
) -> tuple[float, float]:
    """Return the best p99 alone, and beside the flood; ``settle`` waits for what it left."""
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(await p99(step, samples))
        async with flooded(fleet, kind):
            await asyncio.sleep(1)
            beside.append(await p99(step, samples))
        await settle()
    print(f"{kind}: alone {shown(alone)}, beside {shown(beside)}")  # noqa: T201 - the figures of the drill
    return min(alone), min(beside)


def shown(rounds: list[float]) -> str:
    """Return the seconds of all rounds as text, in milliseconds."""
    return "/".join(f"{seconds * 1_000:.0f}" for seconds in rounds) + " ms"
