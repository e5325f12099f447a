"""The benchmark runs from end to end, so that it cannot rot. How fast it was matters to no test."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from benchmarks.__main__ import PARTS
from benchmarks.report import ROOT

LAST_ROWS = {
    "context": "context, 50 merged ids, 4 parts, 8 conn.",
    "rest_ingest": "REST ingest, with key, 32 conn.",
    "stream_ingest": "first contacts",
    "resolve": "resolve, new, batches of 100, 1 conn.",
    "visibility": "visible in the context, Kafka, known customer",
    "breaches": "due at one instant",
}
STALLED_SECONDS = 300.0
"""A busy machine needs minutes for a whole part, but not for a single row of its table."""


def rows_of(output: IO[str]) -> Iterator[str]:
    """Yield lines as they are printed; raise ``queue.Empty`` when none comes for too long."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in output:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    while line := lines.get(timeout=STALLED_SECONDS):
        yield line


@pytest.mark.kafka
@pytest.mark.timeout(0)  # what counts is that rows keep coming
@pytest.mark.parametrize("part", PARTS)
def test_every_part_measures_to_its_end(part: str, tmp_path: Path):
    command = [sys.executable, "-m", "benchmarks", "--size", "tiny", "--embedded", "--only", part]
    complaints = tmp_path / "stderr"
    with (
        complaints.open("w") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            printed = "".join(rows_of(process.stdout))
            process.wait(STALLED_SECONDS)
        except (queue.Empty, subprocess.TimeoutExpired):
            process.kill()
            pytest.fail(f"nothing for {STALLED_SECONDS} s: {complaints.read_text()[-3000:]}")
    assert process.returncode == 0, complaints.read_text()[-3000:]
    assert LAST_ROWS[part] in printed
    assert "Marks met:" in printed
