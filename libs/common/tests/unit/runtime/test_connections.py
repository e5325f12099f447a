"""Which of too many connections make room."""

from dataclasses import dataclass

import pytest

from common.runtime.sockets.connections import Connections


@dataclass(eq=False)
class Line:
    """A connection that remembers whether it was closed."""

    closed: bool = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def register() -> Connections:
    return Connections(6, most_of_one=4)


def opened(register: Connections, peer: str, count: int = 1, *, is_proxy: bool = False):
    lines = [Line() for _ in range(count)]
    assert all(register.open(line, peer, is_proxy=is_proxy) for line in lines)
    return lines


def test_a_peer_with_too_many_loses_its_longest_quiet_one(register: Connections):
    [bystander] = opened(register, "b")
    lines = opened(register, "a", 5)
    assert [line.closed for line in lines] == [True, False, False, False, False]
    assert not bystander.closed
    assert len(register) == 5


def test_when_all_are_too_many_the_peer_with_the_most_makes_room(register: Connections):
    lines = opened(register, "a", 4)
    others = opened(register, "b", 2)
    opened(register, "c", 2)
    assert [line.closed for line in lines] == [True, True, False, False]
    assert not any(line.closed for line in others)


def test_a_connection_with_a_request_is_never_closed(register: Connections):
    lines = opened(register, "a", 4)
    for line in lines:
        register.work(line)
    assert not register.open(Line(), "a", is_proxy=False)
    assert register.open(Line(), "b", is_proxy=False)
    register.rest(lines[2])
    opened(register, "a")
    assert [line.closed for line in lines] == [False, False, True, False]


def test_a_trusted_proxy_may_have_all_connections(register: Connections):
    lines = opened(register, "proxy", 6, is_proxy=True)
    for line in lines:
        register.work(line)
    assert not register.open(Line(), "b", is_proxy=False)


def test_what_is_closed_is_forgotten(register: Connections):
    lines = opened(register, "a", 4)
    for line in (*lines, *lines):
        register.closed(line)
    register.rest(lines[0])
    assert len(register) == 0
    opened(register, "a", 4)
    assert not any(line.closed for line in lines)
