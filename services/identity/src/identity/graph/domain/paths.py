"""Why two identifiers are one person's: the strongest path of links between them."""

from collections.abc import Callable, Iterable, Sequence

from identifiers import IdentifierKey
from identity.graph.domain.links import Neighbours, distances, neighbours, strength
from identity.resolution.domain.graph.evidence import Link


def strongest_path(
    links: Iterable[Link], start: IdentifierKey, end: IdentifierKey
) -> tuple[Link, ...] | None:
    """Return the links that lead from ``start`` to ``end``; None if none do.

    Of all paths, the one whose weakest link is strongest; of those the shortest; of those the one
    whose newest link is oldest; and of those the first by key. The way back is the same path.
    """
    if start == end:
        return ()
    if start > end:
        path = strongest_path(links, end, start)
        return None if path is None else tuple(reversed(path))
    wide = _widest(list(links), start, end)
    if wide is None:
        return None
    length = distances(neighbours(wide), end)[start]
    times = sorted({link.first_seen_at for link in wide})

    def seen_by(place: int) -> list[Link]:
        return [link for link in wide if link.first_seen_at <= times[place]]

    def connects(place: int) -> bool:
        return distances(neighbours(seen_by(place)), end).get(start) == length

    old = seen_by(_first(len(times), connects))
    return _follow(neighbours(old), start, end)


def _widest(links: Sequence[Link], start: IdentifierKey, end: IdentifierKey) -> list[Link] | None:
    """Return the links at least as good as the weakest one of the best path; None without path."""
    for least in sorted({strength(link) for link in links}, reverse=True):
        good = [link for link in links if strength(link) >= least]
        if start in distances(neighbours(good), end):
            return good
    return None


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """Return the first of ``count`` places for which ``holds``, as it does from there on."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _follow(around: Neighbours, start: IdentifierKey, end: IdentifierKey) -> tuple[Link, ...]:
    """Return a shortest path, at each step by the link with the smallest next key and rule."""
    away = distances(around, end)
    path: list[Link] = []
    key = start
    while key != end:
        nearer = [link for link in around[key] if away[link.other(key)] < away[key]]
        link = min(nearer, key=lambda link: (link.other(key), link.id.rule))
        path.append(link)
        key = link.other(key)
    return tuple(path)
