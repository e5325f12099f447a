"""Limits of waits grow with the load of the machine, and only then."""

import os
import time

import pytest

from devstack.servers import patience
from devstack.testing.wait import until


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Sets how many processes run or wait for each core."""

    def set_load(per_core: float) -> None:
        cores = os.cpu_count() or 1
        monkeypatch.setattr(patience, "_runnable", lambda: 0.0)
        monkeypatch.setattr(os, "getloadavg", lambda: (per_core * cores, 0.0, 0.0))

    return set_load


@pytest.mark.parametrize(("per_core", "factor"), [(0, 1), (0.5, 1), (1, 2), (4, 8), (1_000, 20)])
def test_a_limit_is_stretched_by_the_load(load, per_core: float, factor: float):
    load(per_core)
    assert patience.patient(10.0) == 10.0 * factor


def test_what_waits_for_a_core_now_counts_before_the_average_does(load, monkeypatch):
    load(0)
    monkeypatch.setattr(patience, "_runnable", lambda: 4.0 * (os.cpu_count() or 1))
    assert patience.slowness() == 8


def test_the_number_of_runnable_processes_is_read_or_zero(monkeypatch, tmp_path):
    monkeypatch.setattr(patience, "_LOAD", tmp_path / "loadavg")
    assert patience._runnable() == 0
    (tmp_path / "loadavg").write_text("0.50 0.40 0.30 7/321 12345\n")
    assert patience._runnable() == 7


async def test_a_wait_fails_in_time_on_an_idle_machine_and_later_on_a_busy_one(load):
    for per_core, least in ((0.0, 0.0), (2.0, 0.4)):
        load(per_core)
        began = time.monotonic()
        with pytest.raises(AssertionError, match="last value: False"):
            await until(lambda: False, within=0.1)
        assert time.monotonic() - began >= least
