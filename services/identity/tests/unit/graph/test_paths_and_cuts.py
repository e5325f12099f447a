"""Paths and cuts are compared with what a search through all of them finds in small graphs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.testing.fake_clock import NOON
from identifiers import IdentifierKey
from identity.customers.domain.identifiers import Level
from identity.graph.domain.cuts import smallest_cut
from identity.graph.domain.links import distances, neighbours, strength
from identity.graph.domain.paths import strongest_path
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule

_, PROVED, VERIFIED = Level


def key(name: str) -> IdentifierKey:
    return IdentifierKey("cookie", "", name)


def link(names: str, level: Level = PROVED, *, hour: int = 0, rule: Rule = Rule.TOGETHER) -> Link:
    """Return a link between two keys of one letter each, first seen at an hour."""
    at = NOON + timedelta(hours=hour)
    link_id = LinkId.of(key(names[0]), key(names[1]), rule)
    return Link(link_id, at, at, at if level is VERIFIED else None)


def names_of(path: Sequence[Link] | None) -> list[str] | None:
    return None if path is None else [each.id.low.value + each.id.high.value for each in path]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Link], IdentifierKey, IdentifierKey]:
    """Return up to nine links between up to six keys, and two different keys."""
    names = "abcdef"
    pairs = [first + second for first, second in combinations(names, 2)]
    shown = st.builds(
        link,
        st.sampled_from(pairs),
        st.sampled_from([PROVED, VERIFIED]),
        hour=st.integers(0, 3),
        rule=st.sampled_from([Rule.TOGETHER, Rule.MUST_LINK]),
    )
    links = draw(st.lists(shown, max_size=9, unique_by=lambda each: each.id))
    start, end = draw(st.permutations(names))[:2]
    return links, key(start), key(end)


def all_paths(
    links: Iterable[Link], start: IdentifierKey, end: IdentifierKey, seen: frozenset[Any]
) -> Iterator[list[Link]]:
    """Yield every path that visits no key twice."""
    if start == end:
        yield []
        return
    for each in links:
        following = each.other(start)
        if start in each.id[:2] and following not in seen:
            for rest in all_paths(links, following, end, seen | {following}):
                yield [each, *rest]


def merit(path: list[Link], start: IdentifierKey) -> tuple[Any, ...]:
    """Return what makes a path better than another one, the better the smaller."""
    steps, at = [], start
    for each in path:
        at = each.other(at)
        steps.append((at, each.id.rule))
    weakest = min(map(strength, path))
    return -weakest, len(path), max(each.first_seen_at for each in path), steps


def are_connected(links: Iterable[Link], start: IdentifierKey, end: IdentifierKey) -> bool:
    return end in distances(neighbours(links), start)


@given(graphs())
def test_the_path_is_the_best_of_all(graph):
    links, start, end = graph
    first, last = sorted((start, end))
    paths = list(all_paths(links, first, last, frozenset({first})))
    path = strongest_path(links, first, last)
    if path is None:
        assert paths == []
    else:
        assert list(path) == min(paths, key=lambda each: merit(each, first))


@given(graphs(), st.randoms(use_true_random=False))
def test_the_path_depends_neither_on_the_order_of_links_nor_on_the_direction(graph, random):
    links, start, end = graph
    path = strongest_path(links, start, end)
    random.shuffle(links)
    back = strongest_path(links, end, start)
    assert back == (None if path is None else tuple(reversed(path)))


@given(graphs())
def test_the_cut_separates_and_no_smaller_one_does(graph):
    links, start, end = graph
    cut = smallest_cut(links, start, end)
    assert not are_connected([each for each in links if each not in cut], start, end)
    for size in range(len(cut)):
        for fewer in combinations(links, size):
            assert are_connected([each for each in links if each not in fewer], start, end)


@given(graphs())
def test_of_equally_small_cuts_the_weakest_is_taken(graph):
    links, start, end = graph
    cut = smallest_cut(links, start, end)
    sums = [
        sum(map(strength, other))
        for other in combinations(links, len(cut))
        if not are_connected([each for each in links if each not in other], start, end)
    ]
    assert sum(map(strength, cut)) == min(sums)


@given(graphs(), st.randoms(use_true_random=False))
def test_the_cut_depends_neither_on_the_order_of_links_nor_on_the_direction(graph, random):
    links, start, end = graph
    cut = smallest_cut(links, start, end)
    random.shuffle(links)
    assert smallest_cut(links, end, start) == cut


def test_a_well_proved_detour_is_better_than_a_weak_short_cut():
    links = [link("ad", PROVED), link("ab", VERIFIED), link("bd", VERIFIED)]
    assert names_of(strongest_path(links, key("a"), key("d"))) == ["ab", "bd"]


def test_a_decision_is_the_strongest_link():
    links = [link("ab", VERIFIED), link("bd", VERIFIED), link("ac", rule=Rule.MUST_LINK),
             link("cd", rule=Rule.MUST_LINK)]  # fmt: skip
    assert names_of(strongest_path(links, key("a"), key("d"))) == ["ac", "cd"]
    assert names_of(smallest_cut([*links, link("de")], key("a"), key("e"))) == ["de"]


def test_of_equally_strong_paths_the_shorter_one_is_taken():
    links = [link("ab"), link("bc"), link("cd"), link("ac", hour=9)]
    assert names_of(strongest_path(links, key("a"), key("d"))) == ["ac", "cd"]


def test_of_equally_short_paths_the_older_one_is_taken():
    links = [link("ab", hour=2), link("bd"), link("ac", hour=1), link("cd", hour=1)]
    assert names_of(strongest_path(links, key("a"), key("d"))) == ["ac", "cd"]


def test_a_key_is_connected_with_itself_by_nothing():
    assert strongest_path([link("ab")], key("a"), key("a")) == ()
    assert strongest_path([], key("a"), key("a")) == ()
    with pytest.raises(ValueError, match="itself"):
        smallest_cut([link("ab")], key("a"), key("a"))


def test_keys_that_nothing_connects_have_neither_path_nor_cut():
    links = [link("ab"), link("cd")]
    assert strongest_path(links, key("a"), key("d")) is None
    assert smallest_cut(links, key("a"), key("d")) == ()
    assert smallest_cut(links, key("a"), key("z")) == ()


def test_a_bridge_is_the_whole_cut():
    triangles = ["ab", "bc", "ac", "de", "ef", "df"]
    links = [*map(link, triangles), link("cd", VERIFIED)]
    assert names_of(smallest_cut(links, key("a"), key("f"))) == ["cd"]


def test_every_link_between_two_keys_has_to_go():
    both = [link("ab"), link("ab", rule=Rule.MUST_LINK)]
    assert len(smallest_cut(both, key("a"), key("b"))) == 2


@pytest.mark.timeout(10)
def test_a_customer_with_two_hundred_identifiers_is_explained_at_once():
    names = [f"{number:03}" for number in range(200)]
    links = [
        Link(LinkId.of(key(one), key(other)), NOON, NOON)
        for place, one in enumerate(names)
        for other in names[place + 1 : place + 11]
    ]
    assert len(strongest_path(links, key("000"), key("199")) or ()) == 20
    assert len(smallest_cut(links, key("000"), key("199"))) == 10


@pytest.mark.timeout(20)
def test_identifiers_that_were_all_proved_together_are_explained_at_once():
    names = [f"{number:03}" for number in range(200)]
    links = [
        Link(LinkId.of(key(one), key(other)), NOON, NOON) for one, other in combinations(names, 2)
    ]
    assert len(strongest_path(links, key("000"), key("199")) or ()) == 1
    assert len(smallest_cut(links, key("000"), key("199"))) == 199
