"""What keeps two identifiers together: the fewest links without which they are apart.

By the theorem of Ford and Fulkerson, the smallest cut is as large as the greatest flow. The flow is
written here instead of imported: a customer's graph is small, a graph library adds megabytes to
every process, and the answer must not depend on the order of the links. Of all smallest cuts, the
one nearest to the source is unique, whichever flow found it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from identifiers import IdentifierKey
from identity.graph.domain.links import strength
from identity.resolution.domain.graph.evidence import Link

_Arc = tuple[IdentifierKey, IdentifierKey]


def smallest_cut(
    links: Iterable[Link], one: IdentifierKey, other: IdentifierKey
) -> tuple[Link, ...]:
    """Return the fewest links whose removal separates two different keys, sorted by id.

    Of several such sets, one whose links are the weakest in sum. Empty if nothing connects the
    two. Raises ValueError for one key twice, which nothing separates from itself.
    """
    if one == other:
        raise ValueError("a key cannot be separated from itself")
    everything = sorted(links, key=lambda link: link.id)
    source, sink = sorted((one, other))
    flow = _Flow.through(everything)
    while (path := flow.find_path(source, sink)) is not None:
        flow.augment(path)
    near = flow.reached_from(source)
    return tuple(link for link in everything if (link.id.low in near) != (link.id.high in near))


@dataclass(slots=True)
class _Flow:
    """How much more can flow along each arc; a link counts in both directions."""

    left: dict[_Arc, int] = field(default_factory=lambda: defaultdict(int))
    next_to: dict[IdentifierKey, list[IdentifierKey]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def through(cls, links: list[Link]) -> "_Flow":
        """Return the empty flow. A link costs one, plus a fraction that grows with its strength."""
        flow = cls()
        best = max((strength(link) for link in links), default=0)
        one = best * len(links) + 1
        for link in links:
            for arc in ((link.id.low, link.id.high), (link.id.high, link.id.low)):
                if arc not in flow.left:
                    flow.next_to[arc[0]].append(arc[1])
                flow.left[arc] += one + strength(link)
        return flow

    def find_path(self, source: IdentifierKey, sink: IdentifierKey) -> list[_Arc] | None:
        """Return the arcs of a shortest path along which something can still flow."""
        came_from = self._search(source, sink)
        if sink not in came_from:
            return None
        path: list[_Arc] = []
        key = sink
        while key != source:
            path.append((came_from[key], key))
            key = came_from[key]
        return path

    def augment(self, path: list[_Arc]) -> None:
        """Let as much flow along the path as its narrowest arc can take."""
        amount = min(self.left[arc] for arc in path)
        for start, end in path:
            self.left[start, end] -= amount
            self.left[end, start] += amount

    def reached_from(self, source: IdentifierKey) -> set[IdentifierKey]:
        """Return the keys to which something can still flow."""
        return set(self._search(source))

    def _search(
        self, source: IdentifierKey, sink: IdentifierKey | None = None
    ) -> dict[IdentifierKey, IdentifierKey]:
        """Return each key reached until the sink is, with the one before it."""
        came_from = {source: source}
        waiting = [source]
        for key in waiting:
            if sink in came_from:
                break
            for following in self.next_to.get(key, ()):
                if following not in came_from and self.left[key, following] > 0:
                    came_from[following] = key
                    waiting.append(following)
        return came_from
