"""Long work gives way after each turn, and rests beside the requests of other owners."""

from types import SimpleNamespace

import pytest

from common.runtime import in_turns, resting_beside_others, turns


class Loop:
    """Time passes only by work; ``pauses`` are the seconds of each pause."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    fake = Loop()
    monkeypatch.setattr(turns, "time", SimpleNamespace(perf_counter=fake.perf_counter))
    monkeypatch.setattr(turns, "asyncio", SimpleNamespace(sleep=fake.sleep))
    return fake


async def work(loop: Loop, *steps: float) -> list[float]:
    """Do steps of so many seconds; return the pauses among them."""
    async for seconds in in_turns(steps):
        loop.now += seconds
    return loop.pauses


async def test_work_gives_way_after_each_turn(loop: Loop):
    assert await work(loop, 0.003, 0.0015, 0.0015, 0.001) == [0, 0]


async def test_an_owner_that_is_alone_does_not_rest(loop: Loop):
    with resting_beside_others(lambda: False):
        assert await work(loop, 0.003) == [0]


async def test_work_beside_other_owners_rests_longer_than_it_took(loop: Loop):
    with resting_beside_others(lambda: True):
        assert await work(loop, 0.003, 0.004) == pytest.approx([0.009, 0.012])


async def test_work_rests_as_soon_as_another_owner_comes(loop: Loop):
    others: list[str] = []
    with resting_beside_others(lambda: bool(others)):
        work_in_turns = in_turns([0.003, 0.003])
        await anext(work_in_turns)
        loop.now += 0.003
        others.append("other")
        await anext(work_in_turns)
    assert loop.pauses == pytest.approx([0.009])
