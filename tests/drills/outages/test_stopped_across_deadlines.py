"""The consumer or the relay on which deadlines depend is stopped while a thousand of them pass.

No false breach may be declared, and no true one may be missed.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from tests.drills.callers.crowd import SOURCE_SILENT, Crowd, crowd_in_time
from tests.drills.drill import Drill

pytestmark = pytest.mark.timeout(600)

CONSUMER, RELAY, TIMER = "sla consumer", "interactions relay", "sla timer"
HALF = 500
SILENT = f"unconfirmed: {SOURCE_SILENT}"
IMPATIENT = {"SLA_TIMER__HOLD_SECONDS": "4"}


@asynccontextmanager
async def stopped_across_deadlines(drill: Drill, name: str) -> AsyncIterator[Crowd]:
    """Stop a process while deadlines pass, half of which are met.

    sla knows half of the clocks when the process stops; the others start while it is down.
    """
    crowd = await crowd_in_time(drill)
    await crowd.gather(HALF)
    await crowd.await_clocks()
    async with drill.fleet.without(name):
        await crowd.gather(HALF)
        await crowd.answer_every_second()
        await crowd.await_deadlines()
        yield crowd


@pytest.mark.drill
@pytest.mark.parametrize("name", [CONSUMER, RELAY])
async def test_no_breach_is_false_and_none_is_missed(drill: Drill, name: str):
    async with stopped_across_deadlines(drill, name) as crowd:
        assert await crowd.clocks() == {("running", None, None): HALF}
    evidence = await drill.check_invariants()
    crowd.assert_half_answered_in_time(evidence)
    history = crowd.breach_history(evidence)
    assert _distinct(history[conversation] for conversation in crowd.answered) == [()]
    assert _distinct(history[conversation] for conversation in crowd.waiting) == [("certain",)]


@pytest.mark.long_drill
@pytest.mark.parametrize("name", [CONSUMER, RELAY])
async def test_after_the_hold_breaches_are_unconfirmed_with_a_reason_and_corrected_later(
    drill: Drill, name: str
):
    async with drill.fleet.configured(TIMER, IMPATIENT):
        async with stopped_across_deadlines(drill, name) as crowd:
            await crowd.await_unconfirmed_breaches(HALF)
        evidence = await drill.check_invariants()
    crowd.assert_half_answered_in_time(evidence)
    history = crowd.breach_history(evidence)
    known, answered, waiting = crowd.known, set(crowd.answered), set(crowd.waiting)
    assert _distinct(history[c] for c in answered & known) == [(SILENT, "retracted")]
    assert _distinct(history[c] for c in waiting & known) == [(SILENT, "certain")]
    # The timer sees the other clocks at the end, perhaps before the watermark moves.
    assert {*_distinct(history[c] for c in answered - known)} <= {(), (SILENT, "retracted")}
    assert {*_distinct(history[c] for c in waiting - known)} <= {("certain",), (SILENT, "certain")}


def _distinct(histories: Iterable[list[str]]) -> list[tuple[str, ...]]:
    return sorted({tuple(history) for history in histories})
