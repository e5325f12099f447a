"""The type checker refuses a command that is handed to another use case."""

import re
from pathlib import Path

from mypy import api

# Libraries count as Any, so that the check takes a second instead of a minute.
CONFIG = """
[mypy]
strict = true
follow_imports = silent
disallow_subclassing_any = false
"""
LIBRARIES = ("sqlalchemy", "asyncpg", "fastapi", "starlette", "pydantic", "pydantic_core",
             "pydantic_settings", "opentelemetry", "prometheus_client", "structlog", "httpx",
             "orjson", "joserfc", "uvicorn", "cryptography", "cachetools")  # fmt: skip
SNIPPET = """
from datetime import datetime
from starlette.responses import Response
from common.db import Clock, Database, ReadConnection, Transaction, UseCase
from common.web import WriterDep
from common.web.writes import GroupCommit, Writer

class Merge: ...
class Split: ...
class MergeAll: ...
class SplitAll: ...

async def merge(tx: Transaction, command: Merge, *, now: datetime) -> int:
    return 1

async def merge_all(tx: Transaction, command: MergeAll, *, now: datetime) -> list[int]:
    return [1]

async def use(write: Writer, database: Database, clock: Clock, now: datetime) -> None:
    await write(merge, Merge(), answer=lambda number: (200, number + 1))
    await database.run(merge, Merge(), now=now)
    GroupCommit(database, clock, merge_all, lambda tenant, items: MergeAll(), names=lambda _: ())

    await write(merge, Split(), answer=lambda number: (200, number))  # refused
    await write(merge, Merge(), answer=lambda number: (200, number.upper()))  # refused
    await database.run(merge, Split(), now=now)  # refused
    GroupCommit(database, clock, merge_all, lambda *_: SplitAll(), names=lambda _: ())  # refused
    wrong: UseCase[Split, int] = merge  # refused
"""


def test_a_command_of_another_use_case_is_refused(tmp_path: Path):
    skipped = "".join(f"[mypy-{n}.*]\nfollow_imports = skip\n" for n in LIBRARIES)
    config, snippet = tmp_path / "mypy.ini", tmp_path / "snippet.py"
    config.write_text(CONFIG + skipped)
    snippet.write_text(SNIPPET)
    output, errors, _ = api.run(
        ["--config-file", str(config), "--cache-dir", str(tmp_path / "cache"), str(snippet)]
    )
    assert not errors
    reported = {int(n) for n in re.findall(r"snippet\.py:(\d+): error", output)}
    expected = {n for n, line in enumerate(SNIPPET.split("\n"), 1) if line.endswith("# refused")}
    assert reported == expected, output
