"""The servers from wheels start anywhere, keep their data and leave no orphans."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from devstack.servers import children, scratch
from devstack.servers.broker import EmbeddedBroker
from devstack.servers.children import StartError, lock_directory, run_as_unprivileged
from devstack.servers.postgres import EmbeddedPostgres
from devstack.testing.observation.leaks import PERSON, assert_nothing_leaked, read_logs
from devstack.testing.postgres import execute
from devstack.testing.threads import run_in_thread
from devstack.testing.wait import until

ROOT = Path(__file__).parents[2]
HOLDER_MUST_NOT_SEE = {"POSTGRES_DSN", "KAFKA_BOOTSTRAP"}
HOLD = """
import sys, time
from pathlib import Path
from devstack.servers.embedded import running_servers
with running_servers(Path(sys.argv[1])) as servers:
    print(servers.postgres.admin_dsn, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Start a process that runs both servers, and yield it with the DSN that it printed."""
    environment = {k: v for k, v in os.environ.items() if k not in HOLDER_MUST_NOT_SEE}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    with process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def servers_of(directory: Path) -> list[int]:
    return [
        p.pid
        for p in psutil.process_iter(["cmdline", "status"])
        if str(directory) in " ".join(p.info["cmdline"] or [])
        and p.info["status"] != psutil.STATUS_ZOMBIE
        and p.pid != os.getpid()
    ]


async def test_a_killed_owner_leaves_no_server_and_loses_no_row(holder, tmp_path: Path):
    process, dsn = holder
    execute(dsn, "CREATE TABLE kept (x int)", "INSERT INTO kept VALUES (1)")
    process.send_signal(signal.SIGKILL)
    process.wait()
    await until(lambda: not servers_of(tmp_path), within=10)
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        assert run_in_thread(count, server.admin_dsn) == 1


def test_the_log_of_postgres_has_errors_but_not_the_values_in_them(tmp_path: Path):
    insert = f"INSERT INTO pg_temp.person VALUES ('{PERSON}')"
    statements = f"CREATE TEMP TABLE person (name text PRIMARY KEY); {insert}; {insert}"
    with EmbeddedPostgres(tmp_path) as server:
        with pytest.raises(asyncpg.UniqueViolationError, match=PERSON):
            execute(server.admin_dsn, statements)
        with pytest.raises(asyncpg.UndefinedTableError):
            execute(server.admin_dsn, f"SELECT '{PERSON}' FROM nowhere")
    log = read_logs(server.log)
    assert "person_pkey" in log["postgres.log"]
    assert_nothing_leaked(log)


def test_a_directory_in_use_is_refused(holder, tmp_path: Path):
    with pytest.raises(StartError, match="in use"), lock_directory(tmp_path):
        raise AssertionError("must not get here")


async def test_a_server_that_outlived_its_owner_is_replaced(tmp_path: Path):
    orphan = EmbeddedPostgres(tmp_path / "postgres")
    first = orphan.__enter__()
    execute(first.admin_dsn, "CREATE TABLE kept (x int)", "INSERT INTO kept VALUES (1)")
    with EmbeddedPostgres(tmp_path / "postgres") as second:
        assert second.admin_dsn != first.admin_dsn
        assert run_in_thread(count, second.admin_dsn) == 1
    orphan.__exit__(None, None, None)


async def test_a_stale_pid_file_of_another_process_is_ignored(tmp_path: Path):
    with EmbeddedPostgres(tmp_path / "postgres"):
        pass
    (tmp_path / "postgres" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        execute(server.admin_dsn, "SELECT 1")


async def test_a_server_that_dies_is_revived_where_it_was(tmp_path: Path):
    owner = EmbeddedPostgres(tmp_path)
    with owner as server:
        execute(server.admin_dsn, "CREATE TABLE kept (x int)", "INSERT INTO kept VALUES (1)")
        assert not owner.revive()
        postmaster = int((tmp_path / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        await until(owner.revive)
        assert run_in_thread(count, server.admin_dsn) == 1


def test_the_broker_says_why_it_cannot_start(tmp_path: Path):
    (tmp_path / "kafka.json").mkdir()
    with pytest.raises(StartError, match="end of its log"), EmbeddedBroker(tmp_path):
        raise AssertionError("must not get here")


def test_a_scratch_directory_outlives_no_owner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "NEEDED_BYTES", 0)
    dead, alive = tmp_path / "threadline-99999999-x", tmp_path / f"threadline-{os.getppid()}-x"
    for directory in (dead, alive):
        (directory / "data").mkdir(parents=True)
    with scratch.scratch_directory() as directory:
        assert directory.parent == tmp_path
        (directory / "kept").touch()
    assert [*tmp_path.iterdir()] == [alive]


def test_without_room_in_memory_a_scratch_directory_is_on_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(scratch, "MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "NEEDED_BYTES", 2**60)
    with scratch.scratch_directory() as directory:
        assert directory.is_dir()
        assert [*tmp_path.iterdir()] == []


async def count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("SELECT count(*) FROM kept")
    finally:
        await connection.close()


def test_an_unprivileged_child_of_root_may_walk_through_a_closed_directory(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.write_text("#!/bin/sh\nexec true\n")
    program.chmod(0o755)
    ask = "import os, sys; assert os.access(sys.argv[1], os.R_OK | os.X_OK)"
    run_as_unprivileged([sys.executable, "-c", ask, str(program)])
    run_as_unprivileged([str(program)])


def test_postgres_starts_below_a_closed_directory_and_in_an_odd_path(tmp_path: Path):
    closed = tmp_path / "Käthe Müller"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "daten 1") as server:
        assert run_in_thread(value_of_one, server.admin_dsn) == 1


async def value_of_one(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


@pytest.mark.parametrize("output", ["initdb: Permission denied", "no space left"])
def test_a_refusal_to_root_says_what_to_do(monkeypatch: pytest.MonkeyPatch, output: str):
    monkeypatch.setattr(children, "runs_as_root", lambda: True)
    monkeypatch.setattr(children, "tie_to_parent", lambda command, **_: command)
    with pytest.raises(StartError, match=output) as refused:
        run_as_unprivileged(["/bin/sh", "-c", f"echo {output}; exit 1"])
    assert ("EMBEDDED_DATA=…" in str(refused.value)) == ("denied" in output)


def test_a_data_directory_that_cannot_be_made_says_what_to_do(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="EMBEDDED_DATA=…"), lock_directory(tmp_path / "file"):
        pass
