"""Results that are shared."""

import asyncio

import pytest

from common.runtime import Memo


class Work:
    """Takes ten seconds of a clock that stands still otherwise."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done = 0
        self.error: Exception | None = None

    def time(self) -> float:
        return self.now

    async def __call__(self) -> int:
        await asyncio.sleep(0)
        self.now += 10
        self.done += 1
        if self.error is not None:
            raise self.error
        return self.done


@pytest.fixture
def work() -> Work:
    return Work()


async def test_all_who_ask_at_once_share_one_result(work: Work):
    memo = Memo(work, factor=1, most_seconds=60, time=work.time)
    assert await asyncio.gather(*(memo.get() for _ in range(50))) == [1] * 50


async def test_a_result_is_kept_in_proportion_to_its_cost(work: Work):
    memo = Memo(work, factor=2, most_seconds=60, time=work.time)
    assert await memo.get() == 1
    work.now += 19
    assert await memo.get() == 1
    work.now += 1
    assert await memo.get() == 2


async def test_a_result_is_never_kept_too_long(work: Work):
    memo = Memo(work, factor=100, most_seconds=5, time=work.time)
    assert await memo.get() == 1
    work.now += 5
    assert await memo.get() == 2


async def test_a_failure_is_not_kept(work: Work):
    memo = Memo(work, factor=100, most_seconds=60, time=work.time)
    work.error = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await memo.get()
    work.error = None
    assert await memo.get() == 2


async def test_one_who_gives_up_does_not_end_it_for_the_others(work: Work):
    memo = Memo(work, factor=1, most_seconds=60, time=work.time)
    impatient, patient = (asyncio.create_task(memo.get()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 1
