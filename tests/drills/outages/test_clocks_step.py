"""The clock of a host or of the database steps by hours while deadlines run.

Debian's libfaketime steps it, through a file that can be rewritten while the process runs. The
monotonic clock is unaffected, as it is when a real clock steps.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devstack.testing.wait import until
from tests.drills.callers.crowd import Crowd, crowd_in_time
from tests.drills.drill import Drill
from tests.drills.faults.outages import during

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(600)]

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
TIMER, API = "sla timer", "interactions api"
SKEW = re.compile(r"^threadline_clock_skew_seconds\{.*\} (.*)$", re.MULTILINE)
MANY = 20


class FakeClock:
    """A wall clock with the offset that its file contains."""

    def __init__(self, directory: Path) -> None:
        libraries = list(Path("/").glob(LIBRARIES.lstrip("/")))
        assert libraries, "clocks cannot be stepped here: install Debian's package libfaketime"
        self._file = directory / "faketime"
        self._library = libraries[0]
        self.steps("+0")

    def steps(self, offset: str) -> None:
        self._file.write_text(offset)
        self._file.chmod(0o644)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def fake_clock(drill: Drill) -> FakeClock:
    return FakeClock(drill.fleet.directory)


@pytest.mark.parametrize("offset", ["+2h", "-1h"])
async def test_no_breach_is_early_or_missed_when_a_timers_host_clock_steps(
    drill: Drill, fake_clock: FakeClock, offset: str
):
    async with drill.fleet.configured(TIMER, fake_clock.environment):
        crowd = await _stepping(drill, fake_clock, offset)
        fake_clock.steps("+0")
        await drill.fleet.wait_ready(TIMER)
        await _assert_announced_correctly(drill, crowd)


@pytest.mark.parametrize(("offset", "back"), [("+2h", None), ("-1h", timedelta(hours=1))])
async def test_no_breach_is_early_or_missed_when_the_database_clock_steps(
    drill: Drill,
    fake_clock: FakeClock,
    offset: str,
    back: timedelta | None,
    monkeypatch: pytest.MonkeyPatch,
):
    async with during(_restarted_with(drill, fake_clock.environment, monkeypatch)):
        await drill.fleet.wait_ready(*drill.fleet.processes)
        began = datetime.now(UTC)
        crowd = await _stepping(drill, fake_clock, offset)
        fake_clock.steps("+0")
        if back:
            drill.ledger.lived_again(began - back, datetime.now(UTC) - back)
        await drill.fleet.wait_ready(*drill.fleet.processes)
        await _assert_announced_correctly(drill, crowd)
    await drill.fleet.wait_ready(*drill.fleet.processes)
    await until(lambda: _all_processes_follow(drill), 30, every=0.2)


async def test_an_api_whose_host_is_ten_minutes_ahead_works_as_usual(
    drill: Drill, fake_clock: FakeClock
):
    async with drill.fleet.configured(API, fake_clock.environment):
        fake_clock.steps("+10m")
        crowd = await crowd_in_time(drill)
        await crowd.gather(MANY)
        await crowd.answer_every_second()
        await crowd.await_deadlines()
        await _assert_announced_correctly(drill, crowd)


async def _stepping(drill: Drill, clock: FakeClock, offset: str) -> Crowd:
    """Step a clock while deadlines run, and leave it wrong until they have passed."""
    crowd = await crowd_in_time(drill)
    await crowd.gather(MANY)
    await crowd.await_clocks()
    await crowd.answer_every_second()
    clock.steps(offset)
    await until(lambda: not drill.fleet.is_ready(TIMER), 30, every=0.2)
    await crowd.await_deadlines()
    assert set(await crowd.clocks()) == {("running", None, None), ("met", None, None)}
    return crowd


async def _assert_announced_correctly(drill: Drill, crowd: Crowd) -> None:
    evidence = await drill.check_invariants()
    crowd.assert_half_answered_in_time(evidence)
    history = crowd.breach_history(evidence)
    assert all(history[conversation] == [] for conversation in crowd.answered)
    assert all(history[conversation] == ["certain"] for conversation in crowd.waiting)


def _all_processes_follow(drill: Drill) -> bool:
    """Return whether every process shows the right time; each checks every five seconds."""
    metrics = "\n".join(drill.fleet.metrics().values())
    skews = [float(skew) for skew in SKEW.findall(metrics)]
    return len(skews) == len(drill.fleet.processes) and max(map(abs, skews)) < 1


@contextmanager
def _restarted_with(
    drill: Drill, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Run the database server with the given environment during the block."""
    server = drill.postgres.server
    server.stop()
    try:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            server.start()
        yield
    finally:
        server.stop()
        server.start()
