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
    return Shares(100, shared=8, least=2, lot=4, time=time)


async def settled(work: Awaitable[None]) -> "asyncio.Task[None]":
    """Start the work and let it come as far as it can; what then waits ends with the test."""
    task = asyncio.ensure_future(work)
    _started.append(task)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def settled_now(work: Awaitable[None]) -> bool:
    """Return whether the work is done without giving way; otherwise give it up."""
    coroutine = work.__await__()
    try:
        next(coroutine)
    except StopIteration:
        return True
    coroutine.close()
    return False


async def fill(places: Shares, owner: str, count: int) -> int:
    """Let an owner ask for places; return how many it gets at once."""
    tasks = [await settled(places.enter(owner)) for _ in range(count)]
    return sum(task.done() for task in tasks)


_started: list["asyncio.Task[None]"] = []


@pytest.fixture(autouse=True)
async def nobody_waits_on() -> AsyncIterator[None]:
    yield
    for task in _started:
        task.cancel()
    await asyncio.gather(*_started, return_exceptions=True)
    _started.clear()


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
    for member in members:
        await settled(enter(member))
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
    assert sum(task.done() for task in _started) == 12
    assert await fill(places, "a", 20) == 20


async def test_owners_that_hold_a_place_stay_active(places: Shares, time: Time):
    await fill(places, "b", 1)
    time.now += 10 * shares.ACTIVE_SECONDS
    assert await fill(places, "a", 10) == 4


async def test_strangers_count_only_while_they_are_there(places: Shares):
    await fill(places, NOBODY, 1)
    assert await fill(places, "a", 10) == 4
    places.leave(NOBODY)
    await asyncio.sleep(0.01)
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
        assert sum(task.done() for task in _started) == 3


async def test_no_place_is_lost_when_those_that_wait_give_up(places: Shares):
    async with inside(places, "b", 1), inside(places, "a", 4):
        with pytest.raises(UnavailableError):
            await places.enter("a", patience_seconds=0.01)
        waiting = await settled(places.enter("a"))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with inside(places, "b", 1):
        assert await fill(places, "a", 4) == 4


async def test_a_place_that_comes_with_a_cancellation_is_given_back(places: Shares):
    async with inside(places, "b", 1), inside(places, "a", 4):
        waiting = await settled(places.enter("a"))
    await asyncio.sleep(0)  # it has the place, and does not know it yet
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await places.enter("b")
    assert await fill(places, "a", 4) == 4


async def test_no_place_goes_to_a_request_that_has_just_been_cancelled(places: Shares):
    async with inside(places, "b", 1), inside(places, "a", 4):
        waiting = await settled(places.enter("a"))
        behind = await settled(places.enter("a"))
    waiting.cancel()  # the places are given back before it runs
    await asyncio.wait_for(behind, patient(1))
    assert await fill(places, "a", 3) == 3


async def test_requests_that_are_answered_at_once_do_not_follow_each_other_at_once(
    places: Shares,
):
    async with inside(places, "b", 1):
        entered = 0
        for _ in range(10):
            entering = await settled_now(places.enter("a"))
            if entering:
                places.leave("a")
                entered += 1
    assert entered == 4


class Entrance:
    """Asks for places, and notes whose requests are inside."""

    def __init__(self, places: Shares, time: Time) -> None:
        self.places, self.time = places, time
        self.inside: list[str] = []

    async def ask(self, owner: str, count: int = 1) -> None:
        for _ in range(count):
            await settled(self._enter(owner))

    async def crowd(self, *owners: str) -> None:
        """Ask for many places for a while, until only those that crowd are inside."""
        for owner in owners:
            await self.ask(owner)
        for owner in owners:
            await self.ask(owner, 60)
        self.time.now += shares.AVERAGED_SECONDS / 2
        await self.empty()
        await self.empty()

    async def empty(self) -> None:
        """Let all requests leave that are inside; those that wait come in."""
        leaving, self.inside = self.inside, []
        for owner in leaving:
            self.places.leave(owner)
        await asyncio.sleep(0.01)

    async def _enter(self, owner: str) -> None:
        await self.places.enter(owner)
        self.inside.append(owner)


@pytest.fixture
def entrance(places: Shares, time: Time) -> Entrance:
    return Entrance(places, time)


async def test_who_crowds_enters_by_lots_beside_others(entrance: Entrance):
    await entrance.ask("calm")
    await entrance.crowd("crowd")
    assert entrance.inside == ["crowd"] * 4
    entrance.inside.pop()
    entrance.places.leave("crowd")
    await asyncio.sleep(0.01)
    assert len(entrance.inside) == 3, "the next lot waits for the whole of this one"
    await entrance.ask("calm")
    assert entrance.inside[-1] == "calm"
    await entrance.empty()
    assert entrance.inside == ["crowd"] * 4


async def test_those_that_crowd_share_the_lot_in_turns(entrance: Entrance):
    await entrance.ask("calm")
    await entrance.crowd("one", "other")
    assert sorted(entrance.inside) == ["one", "one", "other", "other"]


async def test_among_owners_that_all_crowd_there_are_no_lots(entrance: Entrance):
    await entrance.crowd("one", "other")
    assert sorted(entrance.inside) == ["one"] * 4 + ["other"] * 4


async def test_nobody_modest_is_beside_owners_that_all_crowd(entrance: Entrance):
    await entrance.crowd("one", "other")
    assert not entrance.places.has_modest_beside("one")
    await entrance.ask("calm")
    assert entrance.places.has_modest_beside("one")
    assert not entrance.places.has_modest_beside("calm"), "it is the only one"


async def test_who_no_longer_crowds_enters_as_before(entrance: Entrance, time: Time):
    await entrance.ask("calm")
    await entrance.crowd("crowd")
    while entrance.inside:
        await entrance.empty()
    time.now += 2 * shares.AVERAGED_SECONDS
    await entrance.ask("calm")
    await entrance.ask("crowd", 3)
    assert entrance.inside == ["calm"] + ["crowd"] * 3
    await entrance.ask("crowd")
    assert entrance.inside[-1] == "crowd"


async def test_strangers_hold_nobody_to_lots(entrance: Entrance):
    await entrance.places.enter(NOBODY)
    await entrance.crowd("crowd")
    await entrance.ask(NOBODY)
    assert entrance.inside == ["crowd"] * 4 + [NOBODY]
    entrance.places.leave("crowd")
    await asyncio.sleep(0.01)
    assert entrance.inside[-1] == "crowd", "it need not wait for the other three"


async def test_a_request_does_something_before_it_waits(places: Shares):
    left: list[str] = []
    async with inside(places, "b", 1):
        for _ in range(4):
            await places.enter("a", before_waiting=lambda: left.append("early"))
        await settled(places.enter("a", before_waiting=lambda: left.append("waits")))
    assert left == ["waits"]


async def test_few_heavy_requests_of_an_owner_are_inside_at_once(places: Shares):
    heavy = [await settled(places.enter("a", weight=2)) for _ in range(4)]
    assert [task.done() for task in heavy] == [True, True, False, False]
    places.leave("a", weight=2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in heavy] == [True, True, True, False]


async def test_beside_others_one_heavy_request_of_an_owner_is_inside(places: Shares):
    await places.enter("other")
    heavy = [await settled(places.enter("a", weight=2)) for _ in range(2)]
    assert [task.done() for task in heavy] == [True, False]


async def test_light_requests_do_not_wait_for_heavy_ones(places: Shares):
    heavy = [await settled(places.enter("a", "import", weight=2)) for _ in range(3)]
    assert not heavy[-1].done()
    assert await settled_now(places.enter("a", "desk"))
    assert await settled_now(places.enter("a", "import"))
