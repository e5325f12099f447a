"""The fixture of a fleet fails if the log of a process contains personal data."""

from pathlib import Path

import pytest

from devstack.fleet.fleet import Fleet, running_fleet
from devstack.servers.postgres import Server
from devstack.testing.observation.leaks import new_number
from devstack.testing.postgres import Templates

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_a_leak_of_a_dying_process_is_found(
    tmp_path: Path, postgres_server: Server, templates: Templates, kafka_bootstrap: str
):
    servers = (postgres_server, templates, kafka_bootstrap)
    leak = pytest.raises(AssertionError, match=r"sla-relay\.log.*a telephone number")
    with leak, running_fleet(tmp_path, *servers, names=()) as fleet:
        _die_saying(fleet, f"nobody has {new_number()}")


def _die_saying(fleet: Fleet, words: str) -> None:
    fleet.launch("sla relay", through=["timeit", "--number=1", f"raise LookupError({words!r})"])
    assert fleet.processes.pop("sla relay").wait(timeout=60) != 0
