"""A fault that has begun ends, whenever its drill fails; else every later drill would fail too."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from devstack.testing.wait import until
from tests.drills.faults.outages import during


class SlowFault:
    """A fault that begins and ends only when it may, as a server takes time to stop and start."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.may_begin, self.may_end = threading.Event(), threading.Event()

    @contextmanager
    def happening(self) -> Iterator[None]:
        self.steps.append("beginning")
        assert self.may_begin.wait(10)
        self.steps.append("begun")
        try:
            yield
        finally:
            self.steps.append("ending")
            assert self.may_end.wait(10)
            self.steps.append("ended")


async def _outage(fault: SlowFault) -> None:
    async with during(fault.happening()):
        fault.steps.append("body")
        await asyncio.Event().wait()


async def _cancelled_at(step: str, fault: SlowFault) -> asyncio.Task[None]:
    outage = asyncio.create_task(_outage(fault))
    await until(lambda: step in fault.steps)
    outage.cancel()
    await asyncio.sleep(0)
    return outage


async def _await_end(outage: asyncio.Task[None]) -> None:
    with pytest.raises(asyncio.CancelledError):
        await outage


async def test_a_fault_ends_when_its_body_is_cancelled():
    fault = SlowFault()
    fault.may_begin.set()
    fault.may_end.set()
    await _await_end(await _cancelled_at("body", fault))
    assert fault.steps == ["beginning", "begun", "body", "ending", "ended"]


async def test_a_fault_ends_when_it_is_cancelled_while_it_begins():
    fault = SlowFault()
    fault.may_end.set()
    outage = await _cancelled_at("beginning", fault)
    fault.may_begin.set()
    await _await_end(outage)
    assert fault.steps == ["beginning", "begun", "ending", "ended"]


async def test_a_cancellation_waits_until_the_fault_has_ended():
    fault = SlowFault()
    fault.may_begin.set()
    outage = await _cancelled_at("body", fault)
    await until(lambda: "ending" in fault.steps)
    outage.cancel()
    await asyncio.sleep(0.05)
    assert not outage.done()
    fault.may_end.set()
    await _await_end(outage)
    assert fault.steps[-1] == "ended"


class FailingFault(AbstractContextManager[None]):
    """A fault that does not begin."""

    def __init__(self) -> None:
        self.ended = False

    def __enter__(self) -> None:
        raise RuntimeError("it did not begin")

    def __exit__(self, *_: object) -> None:
        self.ended = True


async def test_a_fault_that_fails_to_begin_is_not_ended():
    fault = FailingFault()
    with pytest.raises(RuntimeError, match="did not begin"):
        async with during(fault):
            raise AssertionError("must not get here")
    assert not fault.ended
