"""The database's clock, by readings that take their time to come."""

from datetime import UTC, datetime, timedelta

import pytest

from common.db import DatabaseClock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Wire:
    """A database whose answers take ``out`` seconds there and ``back`` seconds here.

    ``monotonic`` is our time. Theirs is ``ahead`` of it.
    """

    def __init__(self) -> None:
        self.at, self.out, self.back, self.ahead = 1_000.0, 0.0, 0.0, 0.0

    def monotonic(self) -> float:
        return self.at

    def truth(self) -> datetime:
        return EPOCH + timedelta(seconds=self.at + self.ahead)

    async def read(self, _query, **_options) -> datetime:
        self.at += self.out
        answer = self.truth()
        self.at += self.back
        return answer


@pytest.fixture
def wire(monkeypatch):
    wire = Wire()
    monkeypatch.setattr("common.db.clock.time.monotonic", wire.monotonic)
    return wire


@pytest.fixture
def read(wire):
    """Return what reads once more, and says by how many seconds the clock is wrong then."""
    reading = DatabaseClock(wire, service="notes")

    async def read(*, out: float = 0.0, back: float = 0.0, after: float = 5.0) -> float:
        wire.at += after
        wire.out, wire.back = out, back
        await reading.synchronise()
        return (reading.now() - wire.truth()).total_seconds()

    return read


async def test_the_first_reading_counts_however_long_it_took(wire, read):
    wire.ahead = 3_600
    assert await read(out=0.1, back=0.5) == pytest.approx(-0.2)


async def test_a_slow_answer_does_not_spoil_what_a_quick_one_said(read):
    assert await read(out=0.001, back=0.001) == pytest.approx(0)
    assert await read(back=0.5) == pytest.approx(0)


async def test_a_quicker_answer_counts(read):
    await read(back=0.5)
    assert await read(back=0.01) == pytest.approx(-0.005)


async def test_a_reading_ages_by_what_clocks_may_drift(read):
    await read(back=0.001)
    assert await read(back=0.02, after=9) == pytest.approx(-0.0005)
    assert await read(back=0.02, after=9) == pytest.approx(-0.01)


@pytest.mark.parametrize("step", [-7_200, -0.3, 0.3, 7_200])
async def test_a_step_of_the_database_is_followed_at_once(wire, read, step):
    await read(out=0.001, back=0.001)
    wire.ahead += step
    assert await read(out=0.05, back=0.05) == pytest.approx(0)
