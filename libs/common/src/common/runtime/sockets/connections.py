"""The open connections of a server: a silent one makes room for a new one.

A connection is quiet while it has sent no complete head, or while no request of it is under way.
Quiet ones cost little and prove nothing, so whoever opens many of them only loses them again.
"""

from collections import Counter, OrderedDict
from typing import Protocol

MAX_CONNECTIONS = 1_024
MAX_OF_ONE_PEER = 768
"""Connections of one address, unless it is a trusted proxy's."""


class Connection(Protocol):
    """One open connection."""

    def close(self) -> None:
        """Close it at once, as nothing is under way."""
        ...


class Connections:
    """At most ``most`` connections, ``most_of_one`` of each peer."""

    def __init__(self, most: int = MAX_CONNECTIONS, *, most_of_one: int = MAX_OF_ONE_PEER) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._peers: dict[Connection, str] = {}
        self._count: Counter[str] = Counter()
        self._quiet: dict[str, OrderedDict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def open(self, connection: Connection, peer: str, *, is_proxy: bool) -> bool:
        """Take a new connection, which is quiet; return False when there is no room for it.

        Room is made by closing the longest quiet connection: of this peer when it has too many, of
        the peer with the most quiet ones when all together are too many.
        """
        if not is_proxy and self._count[peer] >= self._most_of_one and not self._evict(peer):
            return False
        if len(self._peers) >= self._most and not self._evict(self._most_quiet()):
            return False
        self._peers[connection] = peer
        self._count[peer] += 1
        self.rest(connection)
        return True

    def work(self, connection: Connection) -> None:
        """Note that a request of the connection is under way."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._forget_quiet(connection, peer)

    def rest(self, connection: Connection) -> None:
        """Note that no request of the connection is under way."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._quiet.setdefault(peer, OrderedDict())[connection] = None

    def closed(self, connection: Connection) -> None:
        """Forget the connection."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        self._forget_quiet(connection, peer)
        self._count[peer] -= 1
        if not self._count[peer]:
            del self._count[peer]

    def _evict(self, peer: str | None) -> bool:
        quiet = self._quiet.get(peer) if peer is not None else None
        if not quiet:
            return False
        oldest = next(iter(quiet))
        self.closed(oldest)
        oldest.close()
        return True

    def _most_quiet(self) -> str | None:
        return max(self._quiet, key=lambda peer: len(self._quiet[peer]), default=None)

    def _forget_quiet(self, connection: Connection, peer: str) -> None:
        quiet = self._quiet.get(peer)
        if quiet is None:
            return
        quiet.pop(connection, None)
        if not quiet:
            del self._quiet[peer]
