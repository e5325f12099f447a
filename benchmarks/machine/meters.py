"""Processor time of the processes under test, the measure that is least sensitive to noise."""

from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True)
class Cpu:
    """Seconds of processor time, in user and kernel mode."""

    server: float
    postgres: float

    def __sub__(self, earlier: Self) -> "Cpu":
        return Cpu(self.server - earlier.server, self.postgres - earlier.postgres)


@dataclass(frozen=True)
class Meter:
    """Reads the processor time of the product, and of the postmaster with its children."""

    servers: tuple[int, ...]
    postmaster: int

    def read(self) -> Cpu:
        """Return the time used since the processes started."""
        return Cpu(sum(map(_used, self.servers)), _used_with_children(self.postmaster))


def _used(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _used_with_children(pid: int) -> float:
    """Return the time of a process and of its children, including those that have ended."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    total = float(times.user + times.system + times.children_user + times.children_system)
    for child in process.children():
        try:
            total += _used(child.pid)
        except psutil.NoSuchProcess:
            continue
    return total
