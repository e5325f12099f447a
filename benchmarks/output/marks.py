"""Goals for a reference machine, and what they come to on this one.

Machines differ by a factor of three. A goal in seconds, or per second, is scaled by what *hello*
reaches here over one connection; a share or a count holds everywhere.
"""

from dataclasses import dataclass
from enum import Enum

REFERENCE_PER_SECOND = 8_000.0
"""What *hello* reaches over one connection on the machine that the goals are for."""
SLOWEST = 1 / 3
"""The slowest machine on which scaled goals mean something; below it, others keep it busy."""


class Scale(Enum):
    """How a goal depends on the speed of the machine."""

    NONE = 0
    RATE = 1
    TIME = -1


@dataclass(frozen=True)
class Mark:
    """A goal. A missed one is reported but fails nothing."""

    aim: float
    measured: float
    of: str
    least: bool
    """Whether the goal is the least that is enough, and not the most."""
    scale: Scale = Scale.NONE

    def aim_at(self, speed: float) -> float:
        """Return the goal for a machine of ``speed`` times the reference."""
        return self.aim * speed**self.scale.value

    def met_at(self, speed: float) -> bool:
        aim = self.aim_at(speed)
        return self.measured >= aim if self.least else self.measured <= aim

    @property
    def met(self) -> bool:
        """Whether the goal is met as it stands, however fast the machine is."""
        return self.met_at(1.0)

    def text(self, speed: float) -> str:
        """Return the goal as it stands, and as it is here, each with whether it is met."""
        plain = f"{_verdict(self.met)}: {self._bound(self.aim)}"
        if self.scale is Scale.NONE:
            return plain
        here = self._bound(self.aim_at(speed))
        return f"{_verdict(self.met_at(speed))} here: {here} ({plain})"

    def _bound(self, aim: float) -> str:
        number = f"{aim:,.0f}" if aim >= 100 else f"{aim:,.3g}"  # noqa: PLR2004 - digits shown
        return f"≥ {number} {self.of}" if self.least else f"{self.of} ≤ {number}"


def at_least(aim: float, measured: float, of: str) -> Mark:
    """Return a goal that is the same on every machine."""
    return Mark(aim, measured, of, least=True)


def at_most(aim: float, measured: float, of: str) -> Mark:
    """Return a goal that is the same on every machine."""
    return Mark(aim, measured, of, least=False)


def per_second(aim: float, measured: float) -> Mark:
    """Return a goal for a rate, which grows with the speed of the machine."""
    return Mark(aim, measured, "per s", least=True, scale=Scale.RATE)


def within(aim: float, measured: float, of: str) -> Mark:
    """Return a goal for a time, which shrinks with the speed of the machine."""
    return Mark(aim, measured, of, least=False, scale=Scale.TIME)


def _verdict(met: bool) -> str:  # noqa: FBT001 - the answer itself
    return "met" if met else "MISSED"
