"""Calls that arrive while a batch is running form the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.runtime import Batcher, Call

MAX_CALLS, MAX_RUNNING = 3, 2


@dataclass
class Worker:
    """Records every batch; each runs until ``gate`` opens."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    batches: list[tuple[str, list[int]]] = field(default_factory=list)
    running: list[str] = field(default_factory=list)

    def batcher(self) -> Batcher[int, int]:
        return Batcher(self.work, name="work", max_calls=MAX_CALLS, max_running=MAX_RUNNING)

    async def work(self, group: str, calls: Sequence[Call[int, int]]) -> None:
        assert group not in self.running
        assert len(self.running) < MAX_RUNNING
        self.running.append(group)
        self.batches.append((group, [call.item for call in calls]))
        await self.gate.wait()
        await asyncio.sleep(0)
        self.running.remove(group)
        for call in calls:
            call.settle(ValueError() if call.item < 0 else call.item * 10)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_call_that_finds_nothing_running_starts_at_once():
    worker = Worker()
    answer = worker.batcher().add("a", 1)
    await turns()
    assert worker.batches == [("a", [1])]
    worker.gate.set()
    assert await answer == 10


async def test_calls_that_arrive_while_a_batch_runs_form_the_next_in_order_and_up_to_its_limit():
    worker = Worker()
    batcher = worker.batcher()
    first = batcher.add("a", 0)
    await turns()
    others = [batcher.add("a", number) for number in range(1, 6)]
    worker.gate.set()
    assert await asyncio.gather(first, *others) == [0, 10, 20, 30, 40, 50]
    assert worker.batches == [("a", [0]), ("a", [1, 2, 3]), ("a", [4, 5])]


async def test_groups_take_turns():
    worker = Worker()
    batcher = worker.batcher()
    answers = [batcher.add("busy", number) for number in range(9)]
    answers += [batcher.add(group, 1) for group in ("b", "c", "d")]
    worker.gate.set()
    await asyncio.gather(*answers)
    order = [group for group, _ in worker.batches]
    assert order.index("d") < len(order) - order[::-1].index("busy") - 1


async def test_calls_that_share_a_name_do_not_share_a_batch():
    worker = Worker()
    batcher = worker.batcher()
    worker.gate.set()
    names = ["x", "x", "y"]
    await asyncio.gather(*(batcher.add("a", n, names=[name]) for n, name in enumerate(names)))
    assert worker.batches == [("a", [0, 2]), ("a", [1])]


async def test_a_call_cancelled_before_its_batch_is_dropped():
    worker = Worker()
    batcher = worker.batcher()
    first = batcher.add("a", 1)
    await turns()
    given_up, last = batcher.add("a", 2), batcher.add("a", 3)
    given_up.cancel()
    worker.gate.set()
    await asyncio.gather(first, last)
    assert worker.batches == [("a", [1]), ("a", [3])]


async def test_a_failure_reaches_its_own_caller_only():
    worker = Worker()
    batcher = worker.batcher()
    worker.gate.set()
    bad, good = batcher.add("a", -1), batcher.add("a", 1)
    assert await good == 10
    with pytest.raises(ValueError, match=r"^$"):
        await bad


async def test_an_error_of_the_work_reaches_every_caller_and_the_next_batch_runs():
    async def fail(_group: str, calls: Sequence[Call[int, int]]) -> None:
        raise RuntimeError(len(calls))

    batcher = Batcher(fail, name="failing", max_calls=MAX_CALLS, max_running=MAX_RUNNING)
    for _ in range(2):
        answers = [batcher.add("a", number) for number in range(2)]
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert [str(result) for result in results] == ["2", "2"]


Arrival = tuple[str, int, bool, int]
arrivals = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans(), st.integers(0, 4)),
    max_size=40,
)


@given(arrivals)
def test_every_call_is_answered_once_and_no_rule_is_broken_whatever_arrives_when(
    arrivals: list[Arrival],
):
    asyncio.run(_play(arrivals))


async def _play(arrivals: list[Arrival]) -> None:
    worker = Worker()
    worker.gate.set()
    batcher = worker.batcher()
    answers: list[asyncio.Future[int]] = []
    for place, (group, name, gives_up, pause) in enumerate(arrivals):
        answers.append(batcher.add(group, place, names=[name]))
        if gives_up:
            answers[-1].cancel()
        await turns(pause)
    await asyncio.gather(*answers, return_exceptions=True)
    done = [(group, item) for group, items in worker.batches for item in items]
    kept = {place for place, (_, _, gives_up, _) in enumerate(arrivals) if not gives_up}
    assert {item for _, item in done} == kept
    assert len(done) == len(kept)
    assert all(answers[place].result() == place * 10 for place in kept)
    assert all(group == arrivals[item][0] for group, item in done)
    for _, items in worker.batches:
        assert 1 <= len(items) <= MAX_CALLS
        assert len({arrivals[item][1] for item in items}) == len(items)
        assert items == sorted(items)
