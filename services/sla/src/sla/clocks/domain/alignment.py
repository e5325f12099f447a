"""Which stored clocks the folded ones continue, so that each keeps its number and its id.

A late fact can add a wait in front of others, take one away or make one begin earlier. The clocks
of all other waits stay what they are: none is numbered again.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sla.clocks.domain.clocks import Clock, ClockVersion
from sla.clocks.domain.facts import Place
from sla.rules.domain.instants import micros
from sla.rules.domain.policy import Metric

NEW = 0
"""The cycle of a clock that continues no stored one, until it has a number."""


def aligned(stored: Iterable[ClockVersion], folded: Iterable[Clock]) -> list[Clock]:
    """Return folded clocks in order, each with the cycle of the stored clock that it continues.

    The others have the cycle ``NEW``.
    """
    versions: dict[Metric, list[ClockVersion]] = defaultdict(list)
    clocks: dict[Metric, list[Clock]] = defaultdict(list)
    for version in stored:
        versions[version.clock.metric].append(version)
    for clock in folded:
        clocks[clock.metric].append(clock)
    return [
        replace(clock, cycle=cycle)
        for metric, own in clocks.items()
        for clock, cycle in zip(own, _cycles(versions[metric], own), strict=True)
    ]


def numbered(clocks: Iterable[Clock], highest: Mapping[Metric, int]) -> list[Clock]:
    """Return aligned clocks, the new ones numbered after the ``highest`` cycle of their metric."""
    last = dict(highest)
    result = []
    for clock in clocks:
        if clock.cycle == NEW:
            last[clock.metric] = cycle = last.get(clock.metric, 0) + 1
            clock = replace(clock, cycle=cycle)  # noqa: PLW2901
        result.append(clock)
    return result


def highest_cycles(stored: Iterable[ClockVersion]) -> dict[Metric, int]:
    """Return the highest cycle of each metric among all clocks of a conversation."""
    highest: dict[Metric, int] = {}
    for version in stored:
        metric, cycle = version.key
        highest[metric] = max(cycle, highest.get(metric, 0))
    return highest


def _cycles(stored: Sequence[ClockVersion], folded: Sequence[Clock]) -> list[int]:
    """Return the cycle of each clock of one metric.

    A clock continues the one that the same fact opened, even if that had been superseded. What is
    left between two such clocks is paired in order: the wait has another beginning now.
    """
    cycles = [NEW] * len(folded)
    by_opener = {v.clock.opener: v for v in stored if v.clock.opener}
    by_start = {v.clock.started_at: v for v in stored if _is_older(v)}
    for index, clock in enumerate(folded):
        opened_alike = by_opener.get(clock.opener) if clock.opener else None
        version = opened_alike or by_start.pop(clock.started_at, None)
        if version is not None:
            cycles[index] = version.clock.cycle
    _pair_the_rest(stored, folded, cycles)
    return cycles


def _is_older(version: ClockVersion) -> bool:
    """Return whether an earlier version stored the clock, without its opener."""
    return version.clock.opener is None and not version.superseded


def _pair_the_rest(
    stored: Sequence[ClockVersion], folded: Sequence[Clock], cycles: list[int]
) -> None:
    taken = set(cycles)
    fixed = [_place(c) for c, cycle in zip(folded, cycles, strict=True) if cycle != NEW]
    free: dict[int, list[ClockVersion]] = defaultdict(list)
    for version in sorted(stored, key=lambda v: (_place(v.clock), v.clock.cycle), reverse=True):
        if not version.superseded and version.clock.cycle not in taken:
            free[bisect(fixed, _place(version.clock))].append(version)
    for index, clock in enumerate(folded):
        between = free[bisect(fixed, _place(clock))]
        if cycles[index] == NEW and between:
            cycles[index] = between.pop().clock.cycle


def _place(clock: Clock) -> Place:
    return clock.opener or (micros(clock.started_at), 0, 0)
