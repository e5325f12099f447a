"""What comes while the same is under way goes together next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.runtime import Call, Gatherer

MOST, AT_ONCE = 3, 2


@dataclass
class Airport:
    """Records every flight; each is under way until ``gate`` opens."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    flights: list[tuple[str, list[int]]] = field(default_factory=list)
    under_way: list[str] = field(default_factory=list)

    def gatherer(self) -> Gatherer[int, int]:
        return Gatherer(self.fly, name="flight", most=MOST, at_once=AT_ONCE)

    async def fly(self, tenant_id: str, calls: Sequence[Call[int, int]]) -> None:
        assert tenant_id not in self.under_way
        assert len(self.under_way) < AT_ONCE
        self.under_way.append(tenant_id)
        self.flights.append((tenant_id, [call.item for call in calls]))
        await self.gate.wait()
        await asyncio.sleep(0)
        self.under_way.remove(tenant_id)
        for call in calls:
            call.settle(ValueError() if call.item < 0 else call.item * 10)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_call_that_finds_nothing_under_way_begins_at_once():
    airport = Airport()
    answer = airport.gatherer().add("a", 1)
    await turns()
    assert airport.flights == [("a", [1])]
    airport.gate.set()
    assert await answer == 10


async def test_what_comes_meanwhile_goes_together_in_order_and_not_beyond_the_most():
    airport = Airport()
    gatherer = airport.gatherer()
    first = gatherer.add("a", 0)
    await turns()
    others = [gatherer.add("a", number) for number in range(1, 6)]
    airport.gate.set()
    assert await asyncio.gather(first, *others) == [0, 10, 20, 30, 40, 50]
    assert airport.flights == [("a", [0]), ("a", [1, 2, 3]), ("a", [4, 5])]


async def test_tenants_take_turns():
    airport = Airport()
    gatherer = airport.gatherer()
    answers = [gatherer.add("busy", number) for number in range(9)]
    answers += [gatherer.add(tenant, 1) for tenant in ("b", "c", "d")]
    airport.gate.set()
    await asyncio.gather(*answers)
    order = [tenant for tenant, _ in airport.flights]
    assert order.index("d") < len(order) - order[::-1].index("busy") - 1


async def test_calls_that_share_a_name_do_not_share_a_flight():
    airport = Airport()
    gatherer = airport.gatherer()
    airport.gate.set()
    names = ["x", "x", "y"]
    await asyncio.gather(*(gatherer.add("a", n, names=[name]) for n, name in enumerate(names)))
    assert airport.flights == [("a", [0, 2]), ("a", [1])]


async def test_what_was_given_up_before_its_flight_is_dropped():
    airport = Airport()
    gatherer = airport.gatherer()
    first = gatherer.add("a", 1)
    await turns()
    given_up, last = gatherer.add("a", 2), gatherer.add("a", 3)
    given_up.cancel()
    airport.gate.set()
    await asyncio.gather(first, last)
    assert airport.flights == [("a", [1]), ("a", [3])]


async def test_one_failure_stays_one_callers():
    airport = Airport()
    gatherer = airport.gatherer()
    airport.gate.set()
    bad, good = gatherer.add("a", -1), gatherer.add("a", 1)
    assert await good == 10
    with pytest.raises(ValueError, match=r"^$"):
        await bad


async def test_what_the_work_raises_reaches_everybody_and_the_next_flight_goes():
    async def fail(_tenant: str, calls: Sequence[Call[int, int]]) -> None:
        raise RuntimeError(len(calls))

    gatherer = Gatherer(fail, name="failing", most=MOST, at_once=AT_ONCE)
    for _ in range(2):
        answers = [gatherer.add("a", number) for number in range(2)]
        results = await asyncio.gather(*answers, return_exceptions=True)
        assert [str(result) for result in results] == ["2", "2"]


Arrival = tuple[str, int, bool, int]
arrivals = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans(), st.integers(0, 4)),
    max_size=40,
)


@given(arrivals)
def test_whatever_comes_when_everybody_is_answered_once_and_no_rule_is_broken(
    arrivals: list[Arrival],
):
    asyncio.run(_play(arrivals))


async def _play(arrivals: list[Arrival]) -> None:
    airport = Airport()
    airport.gate.set()
    gatherer = airport.gatherer()
    answers: list[asyncio.Future[int]] = []
    for place, (tenant, name, gives_up, pause) in enumerate(arrivals):
        answers.append(gatherer.add(tenant, place, names=[name]))
        if gives_up:
            answers[-1].cancel()
        await turns(pause)
    await asyncio.gather(*answers, return_exceptions=True)
    flown = [(tenant, item) for tenant, items in airport.flights for item in items]
    kept = {place for place, (_, _, gives_up, _) in enumerate(arrivals) if not gives_up}
    assert {item for _, item in flown} == kept
    assert len(flown) == len(kept)
    assert all(answers[place].result() == place * 10 for place in kept)
    assert all(tenant == arrivals[item][0] for tenant, item in flown)
    for _, items in airport.flights:
        assert 1 <= len(items) <= MOST
        assert len({arrivals[item][1] for item in items}) == len(items)
        assert items == sorted(items)
