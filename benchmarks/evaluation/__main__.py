"""``python -m benchmarks.evaluation DIRECTORY``: how good and how fast is matching?

``DIRECTORY`` is where the package of ``datasets.txt`` is installed. Each set of records goes
through ``python -m identity evaluate`` on a Postgres of its own. The exit code is 1 if one misses
its mark.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.evaluation.records import DATA_SETS, HOUSEHOLD, TRUTH, DataSet
from common.jsons import loads
from common.migrations import upgrade
from devstack.servers.postgres import THROW_AWAY, EmbeddedPostgres
from devstack.testing.postgres import execute
from devstack.testing.services import RECEIPT_KEY
from identity.wiring import MIGRATIONS

_COLUMNS = ("set", "records", "F1", "mark", "precision", "recall", "largest", "housemates", "per s")


def main(arguments: Sequence[str]) -> int:
    (datasets,) = map(Path, arguments)
    with (
        tempfile.TemporaryDirectory() as directory,
        EmbeddedPostgres(Path(directory) / "postgres", settings=THROW_AWAY) as server,
    ):
        execute(server.admin_dsn, "CREATE DATABASE identity")
        dsn = server.dsn("identity")
        upgrade(MIGRATIONS, dsn)
        _print(_COLUMNS)
        missed = 0
        for data_set in DATA_SETS:
            path = Path(directory) / f"{data_set.name}.csv"
            data_set.write(datasets, path)
            found = _evaluate(data_set, path, dsn)
            _print(_cells(data_set, found))
            missed += found["f1"] < data_set.f1
    return int(missed > 0)


def _evaluate(data_set: DataSet, path: Path, dsn: str) -> dict[str, Any]:
    """Return the report of a set, evaluated by a process of its own."""
    environment = {
        "IDENTITY_POSTGRES__DSN": dsn,
        "IDENTITY_KAFKA__BOOTSTRAP": "127.0.0.1:9",
        "IDENTITY_AUTH__PEPPER": "p" * 32,
        "IDENTITY_HTTP__CURSOR_SECRET": "c" * 32,
        "IDENTITY_PRIVACY__DENY_SECRET": "d" * 32,
        "IDENTITY_PRIVACY__RECEIPT_KEY": RECEIPT_KEY,
    }
    household = ["--household", HOUSEHOLD] if data_set.has_households else []
    command = [sys.executable, "-m", "identity", "evaluate", "--records", str(path)]
    finished = subprocess.run(
        [*command, "--truth", TRUTH, *household],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    report: dict[str, Any] = loads(finished.stdout.splitlines()[-1])
    return report


def _cells(data_set: DataSet, found: dict[str, Any]) -> Sequence[str]:
    return (
        data_set.name,
        f"{found['records']:,}",
        f"{found['f1']:.4f}",
        f"{data_set.f1:.3f}",
        f"{found['precision']:.4f}",
        f"{found['recall']:.4f}",
        str(found["largest_cluster"]),
        str(found["false_pairs_within_households"]),
        f"{found['records_per_second']:,.0f}",
    )


def _print(cells: Sequence[str]) -> None:
    print("  ".join(f"{cell:>10}" for cell in cells), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
