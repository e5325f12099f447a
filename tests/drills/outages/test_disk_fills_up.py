"""The disk with Postgres's data fills up under load, and space is freed again."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import psutil
import pytest

from devstack.servers.postgres import EmbeddedPostgres
from tests.drills.callers.traffic import under_load
from tests.drills.drill import Drill
from tests.drills.faults.outages import during

pytestmark = [pytest.mark.long_drill, pytest.mark.timeout(600)]

SPARE_BYTES = 64 * 1_048_576


async def test_a_full_disk_refuses_writes_and_loses_nothing_that_was_acknowledged(drill: Drill):
    postgres = cast("EmbeddedPostgres", drill.postgres.server)
    async with during(_on_a_small_disk(postgres)):
        await drill.fleet.wait_ready(*drill.fleet.processes)
        async with under_load(drill) as traffic:
            async with during(_full(postgres)):
                await traffic.await_refusals(503, times=20)
            for way in list(traffic.acknowledged):
                await traffic.await_progress(way)
        await drill.check_invariants()
    await drill.fleet.wait_ready(*drill.fleet.processes)


@contextmanager
def _on_a_small_disk(server: EmbeddedPostgres) -> Iterator[None]:
    """Move the server's data to a disk with little space, and back after the block."""
    data, kept = server.data, server.data.with_name("data.kept")
    server.stop()
    data.rename(kept)
    data.mkdir()
    size = SPARE_BYTES + _size(kept)
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(data))
    try:
        _run("cp", "--archive", f"{kept}/.", str(data))
        server.start()
        yield
        server.stop()
        shutil.rmtree(kept)
        _run("cp", "--archive", str(data), str(kept))
    finally:
        server.stop()
        _run("umount", str(data))
        data.rmdir()
        kept.rename(data)
        server.start()


@contextmanager
def _full(server: EmbeddedPostgres) -> Iterator[None]:
    """Fill the disk during the block, then restart the server if it ended for lack of space."""
    ballast = server.data / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65_536))
    assert psutil.disk_usage(str(server.data)).free == 0
    try:
        yield
    finally:
        ballast.unlink()
        server.revive()


def _size(directory: Path) -> int:
    return int(_run("du", "--summarize", "--block-size=1", str(directory)).split()[0])


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed; this drill mounts a disk: {done.stderr}"
    return done.stdout
