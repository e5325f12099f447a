"""Places shared among owners: alone an owner has all of them, beside others its share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from common.errors import UnavailableError
from common.runtime import NOBODY, Shares, shares
from devstack.servers.patience import patient


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def places(time: Time) -> Shares:
    return Shares(100, shared=8, least=2, time=time)


async def settled(work: Awaitable[None]) -> "asyncio.Task[None]":
    """Start the work and let it come as far as it can."""
    task = asyncio.ensure_future(work)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def fill(places: Shares, owner: str, count: int) -> int:
    """Let an owner ask for places; return how many it gets at once."""
    tasks = [await settled(places.enter(owner)) for _ in range(count)]
    _waiting.extend(tasks)
    return sum(task.done() for task in tasks)


_waiting: list["asyncio.Task[None]"] = []


@pytest.fixture(autouse=True)
async def nobody_waits_on() -> AsyncIterator[None]:
    yield
    for task in _waiting:
        task.cancel()
    await asyncio.gather(*_waiting, return_exceptions=True)
    _waiting.clear()


async def test_an_owner_that_is_alone_has_all_places(places: Shares):
    assert await fill(places, "a", 100) == 100
    with pytest.raises(UnavailableError):
        await places.enter("a")


async def test_two_active_owners_have_equal_shares_of_few_places(places: Shares):
    assert await fill(places, "b", 1) == 1
    assert await fill(places, "a", 50) == 4
    assert await fill(places, "b", 10) == 3


async def test_a_flood_does_not_keep_a_newcomer_waiting(places: Shares):
    await fill(places, "a", 100)
    entering = await settled(places.enter("b"))
    assert not entering.done()
    places.leave("a")
    await asyncio.wait_for(entering, patient(1))


async def test_the_owner_with_the_fewest_places_comes_first(places: Shares):
    await fill(places, "a", 1)
    await fill(places, "b", 30)
    await fill(places, "a", 30)
    order: list[str] = []

    async def enter(owner: str) -> None:
        await places.enter(owner)
        order.append(owner)

    newcomer = await settled(enter("c"))
    places.leave("b")
    places.leave("b")
    await asyncio.wait_for(newcomer, patient(1))
    assert order == ["c"]


async def test_members_of_an_owner_take_turns(places: Shares):
    await fill(places, "b", 1)
    await fill(places, "a", 4)
    order: list[str] = []

    async def enter(member: str) -> None:
        await places.enter("a", member)
        order.append(member)

    members = ["greedy"] * 5 + ["modest"]
    _waiting.extend([await settled(enter(member)) for member in members])
    for _ in range(2):
        places.leave("a")
        await asyncio.sleep(0.01)
    assert order == ["greedy", "modest"]


async def test_an_owner_has_everything_again_when_the_others_have_been_away(
    places: Shares, time: Time
):
    await fill(places, "b", 1)
    places.leave("b")
    assert await fill(places, "a", 10) == 4
    time.now += shares.ACTIVE_SECONDS
    assert await fill(places, "a", 1) == 0  # behind the six that wait
    places.leave("a")
    await asyncio.sleep(0.01)
    assert sum(task.done() for task in _waiting) == 12
    assert await fill(places, "a", 20) == 20


async def test_owners_that_hold_a_place_stay_active(places: Shares, time: Time):
    await fill(places, "b", 1)
    time.now += 10 * shares.ACTIVE_SECONDS
    assert await fill(places, "a", 10) == 4


async def test_strangers_count_only_while_they_are_there(places: Shares):
    await fill(places, NOBODY, 1)
    assert await fill(places, "a", 10) == 4
    places.leave(NOBODY)
    assert await fill(places, "a", 0) == 0
    assert not places.contended


@asynccontextmanager
async def inside(places: Shares, owner: str, weight: int) -> AsyncIterator[None]:
    await places.enter(owner, weight=weight)
    yield
    places.leave(owner, weight=weight)


async def test_a_heavy_request_takes_its_owners_share_alone(places: Shares):
    async with inside(places, "b", 1):
        async with inside(places, "a", 30):
            assert await fill(places, "a", 2) == 0
            assert await fill(places, "b", 1) == 1
        await asyncio.sleep(0.01)
        assert sum(task.done() for task in _waiting) == 3


async def test_no_place_is_lost_when_those_that_wait_give_up(
    places: Shares, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shares, "WAIT_SECONDS", 0.01)
    async with inside(places, "b", 1), inside(places, "a", 4):
        with pytest.raises(UnavailableError):
            await places.enter("a")
        waiting = await settled(places.enter("a"))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with inside(places, "b", 1):
        assert await fill(places, "a", 4) == 4


async def test_a_place_that_comes_with_a_cancellation_is_given_back(places: Shares):
    async with inside(places, "b", 1), inside(places, "a", 4):
        waiting = await settled(places.enter("a"))
    waiting.cancel()  # it has the place, and does not know it yet
    await asyncio.gather(waiting, return_exceptions=True)
    await places.enter("b")
    assert await fill(places, "a", 4) == 4
