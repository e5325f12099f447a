"""The benchmark runs from end to end, so that it cannot rot. How fast it was matters to no test."""

import os
import subprocess
import sys

import pytest

from benchmarks.__main__ import PARTS
from benchmarks.output.report import ROOT
from devstack.servers.scratch import scratch_directory

LAST_ROWS = {
    "context": "context, 50 merged ids, 4 parts, 8 conn.",
    "rest_ingest": "REST ingest, with key, 32 conn.",
    "stream_ingest": "first contacts",
    "resolve": "resolve, new, batches of 100, 1 conn.",
    "scale": "resolve, known, batches of 1,000, 1,000 customers",
    "merges": "context, merged, 500 interactions each",
    "visibility": "visible in the context, Kafka, known customer",
    "breaches": "due at one instant",
    "endless": "endless thread, timeline",
    "idle": "idle, ten processes together (CPU of a second)",
}


@pytest.mark.timeout(600)
def test_every_part_runs_to_completion():
    command = [sys.executable, "-m", "benchmarks", "--size", "tiny", "--sketch"]
    with scratch_directory() as scratch:
        environment = os.environ | {"TMPDIR": str(scratch)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert [part for part in PARTS if LAST_ROWS[part] not in done.stdout] == []
    assert "Marks met:" in done.stdout
