"""The loop of every component that works in rounds."""

import asyncio
import time
from contextlib import asynccontextmanager
from functools import partial

import pytest

from common.errors import UnavailableError
from common.runtime import Backoff, Loop, drain, without_session
from devstack.servers.patience import patient
from devstack.testing.wait import until


class Rounds:
    """Plays one round after another from a script; the last of them for ever."""

    def __init__(self, *script: float | Exception) -> None:
        self.script = list(script)
        self.began: list[float] = []

    async def __call__(self) -> float:
        self.began.append(time.monotonic())
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return step


SOON = Backoff.constant(0.01)


def looping(work, *, retry=SOON, **options) -> Loop:
    return Loop(
        "test",
        without_session(work),
        retry=retry,
        survives=(UnavailableError,),
        on_failure=str,
        **options,
    )


@asynccontextmanager
async def running(loop: Loop):
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, patient(5))


async def test_rounds_follow_at_once_until_one_asks_for_a_wait():
    rounds = Rounds(0.0, 0.0, 0.0, 60.0)
    async with running(looping(rounds)):
        await until(lambda: len(rounds.began) == 4, within=1)
        await asyncio.sleep(0.05)
    assert len(rounds.began) == 4


async def test_a_wake_ends_the_wait():
    rounds = Rounds(60.0)
    loop = looping(rounds)
    async with running(loop):
        await until(lambda: rounds.began, within=1)
        loop.wake()
        await until(lambda: len(rounds.began) == 2, within=1)


async def test_a_wake_during_a_round_starts_another():
    woken: list[object] = []

    async def wake_itself() -> float:
        if not woken:
            loop.wake()
        woken.append(1)
        return 60.0

    loop = looping(wake_itself)
    async with running(loop):
        await until(lambda: len(woken) == 2, within=1)


async def test_a_wake_does_not_cut_short_the_wait_after_a_failure():
    rounds = Rounds(UnavailableError("away"))
    loop = looping(rounds, retry=Backoff.constant(60.0))
    async with running(loop):
        await until(loop.healthy, within=1)
        loop.wake()
        await asyncio.sleep(0.05)
        assert len(rounds.began) == 1


async def test_a_failure_is_told_until_a_round_succeeds():
    rounds = Rounds(UnavailableError("away"), UnavailableError("away"), 60.0)
    loop = looping(rounds)
    assert loop.healthy() is None
    await loop.round()
    assert loop.healthy() == "away"
    async with running(loop):
        await until(lambda: loop.healthy() is None, within=1)
    assert len(rounds.began) == 3


async def test_an_error_that_it_does_not_survive_ends_it():
    with pytest.raises(LookupError):
        await looping(Rounds(LookupError())).run(asyncio.Event())


async def test_a_round_that_hangs_makes_it_unhealthy():
    async def hang() -> float:
        await asyncio.sleep(60)
        return 0.0

    loop = looping(hang, stalled_seconds=0.05, stalled="it hangs")
    task = asyncio.create_task(loop.run(asyncio.Event()))
    await until(lambda: loop.healthy() == "it hangs", within=1)
    task.cancel()


async def test_a_failure_closes_the_session_and_opens_another():
    log: list[str] = []

    @asynccontextmanager
    async def session():
        log.append("opened")
        try:
            yield rounds
        finally:
            log.append("closed")

    rounds = Rounds(0.0, UnavailableError("away"), 60.0)
    loop = Loop(
        "test",
        session,
        retry=Backoff.constant(0.0),
        survives=(UnavailableError,),
        on_failure=str,
    )
    async with running(loop):
        await until(lambda: len(rounds.began) == 3, within=1)
        assert log == ["opened", "closed", "opened"]
    assert log[-1] == "closed"


async def test_failures_count_on_until_a_session_has_lasted():
    class Recorded(Backoff):
        def seconds(self, failures: int) -> float:
            counts.append(failures)
            return 0.0

    for steady_seconds, expected in ((60.0, [1, 2, 3]), (0.0, [1, 1, 1])):
        counts: list[int] = []
        away = UnavailableError("away")
        rounds = Rounds(0.0, away, 0.0, away, 0.0, away, 60.0)
        async with running(looping(rounds, retry=Recorded(1.0), steady_seconds=steady_seconds)):
            await until(partial(_began, rounds, 7), within=1)
        assert counts == expected


async def test_a_drain_survives_every_failure_and_reports_its_own():
    rounds = Rounds(UnavailableError("away"), LookupError(), UnavailableError("away"), 0.0)

    async def amount_of_work() -> int:
        return int(await rounds())

    loop = drain("test", amount_of_work, pause_seconds=0.5)
    assert await loop.round() == 1.0
    assert loop.healthy() is None
    assert await loop.round() == 2.0
    assert loop.healthy() == "not working: LookupError"
    assert await loop.round() == 4.0
    assert loop.healthy() == "not working: LookupError"
    assert await loop.round() == 0.5
    assert loop.healthy() is None


async def test_a_long_pause_is_no_standstill(monkeypatch: pytest.MonkeyPatch):
    async def nothing() -> int:
        return 0

    now = time.monotonic()
    monkeypatch.setattr("common.runtime.loop.time.monotonic", lambda: now)
    loop = drain("test", nothing, pause_seconds=600)
    await loop.round()
    now += 600
    assert loop.healthy() is None
    now += 600
    assert loop.healthy() == "it has stopped"


def test_a_back_off_after_an_outage_of_days_is_still_bounded():
    assert Backoff(0.5, most_seconds=5.0).seconds(100_000) == 5.0
    assert 15 <= Backoff(0.1, most_seconds=30.0, jitter=0.5).seconds(100_000) <= 30


def test_a_back_off_doubles_and_jitter_takes_from_it():
    assert [Backoff(0.1).seconds(n) for n in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert {0 <= Backoff(1.0, jitter=1.0).seconds(1) <= 2 for _ in range(100)} == {True}


def _began(rounds: Rounds, times: int) -> bool:
    return len(rounds.began) == times
