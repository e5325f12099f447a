"""Half-open intervals, and how they are united and cut."""

from collections.abc import Iterable, Iterator, Sequence

Window = tuple[int, int]
"""A half-open interval of instants in microseconds."""


def merge(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the union of windows, in order and disjoint; adjacent windows stay separate."""
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def subtract(windows: Iterable[Window], holes: Sequence[Window]) -> tuple[Window, ...]:
    """Return the windows without the holes."""
    return tuple(without(windows, merge(holes)))


def without(windows: Iterable[Window], holes: Sequence[Window]) -> Iterator[Window]:
    """Yield the windows without the holes, which must be in order and disjoint."""
    first = 0
    for start, end in windows:
        at = start
        while first < len(holes) and holes[first][1] <= start:
            first += 1
        for place in range(first, len(holes)):
            hole_start, hole_end = holes[place]
            if hole_start >= end:
                break
            if hole_start > at:
                yield at, hole_start
            at = hole_end
        if at < end:
            yield at, end
