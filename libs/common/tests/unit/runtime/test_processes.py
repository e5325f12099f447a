"""Parts of a process start together and stop in order."""

import asyncio
import gc

import pytest

from common.runtime import processes, run_components, spare_garbage_collection
from devstack.servers.patience import patient


class Part:
    def __init__(self, name: str, *, fail: bool = False, linger: float = 0.0) -> None:
        self.name = name
        self.ended = False
        self._fail = fail
        self._linger = linger

    async def run(self, stop: asyncio.Event) -> None:
        if self._fail:
            raise RuntimeError(self.name)
        await stop.wait()
        await asyncio.sleep(self._linger)
        self.ended = True

    def healthy(self) -> str | None:
        return None


async def test_all_parts_finish_what_is_in_hand_after_stop():
    parts, stop = [Part("a", linger=0.05), Part("b")], asyncio.Event()
    running = asyncio.create_task(run_components(parts, stop))
    await asyncio.sleep(0.01)
    stop.set()
    await running
    assert all(part.ended for part in parts)


async def test_when_one_part_fails_the_others_stop_and_the_error_is_told():
    good, stop = Part("good"), asyncio.Event()
    with pytest.raises(RuntimeError, match="bad"):
        await run_components([good, Part("bad", fail=True)], stop)
    assert good.ended


async def test_a_part_that_does_not_end_is_cancelled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "STOP_DEADLINE_SECONDS", 0.05)
    slow, stop = Part("slow", linger=60), asyncio.Event()
    running = asyncio.create_task(run_components([slow], stop))
    await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(running, patient(5))
    assert not slow.ended


def test_objects_of_the_start_are_frozen_out_of_collection():
    thresholds = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # Python's own; other tests may have left another
    try:
        spare_garbage_collection()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > 700
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
