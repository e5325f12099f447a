"""What likeness may join, and what persons decide: as evidence that the partition obeys."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers import IdentifierKey
from identity.customers.domain.changes import MergeCause
from identity.customers.domain.customers import Customer, CustomerLimits
from identity.customers.domain.identifiers import DropReason, Identifier, Level
from identity.matching.domain.unions import (
    Obstacle,
    Union,
    decide_different,
    decide_same,
    unite_alike,
)
from identity.resolution.domain.context import Context
from identity.resolution.domain.graph.evidence import Link, LinkId, Rule
from identity.resolution.domain.graph.partition import divide
from identity.resolution.domain.placement import place
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import NOW, C, P, V, ids

LIMITS = CustomerLimits()
CAUSE = MergeCause("alike", "matching.v1", "engine")
LATER = NOW + timedelta(days=1)


def identifier(kind: str, value: str, level: Level, scope: str = "") -> Identifier:
    return Identifier(
        IdentifierKey(kind, scope, value), value, level, None, NOW,
        verified_at=NOW if level is Level.VERIFIED else None,
    )  # fmt: skip


def customer(number: int, *identifiers: Identifier) -> Customer:
    return Customer(
        UUID(int=number), 1, NOW, {each.key: each for each in identifiers}, attributes={}
    )


def union(left: Customer, right: Customer) -> Union:
    return Union(left.id, right.id, CAUSE)


def unite(roster: Roster, left: Customer, right: Customer, **more: object) -> str | None:
    apart = more.get("apart", frozenset())
    assert isinstance(apart, frozenset)
    return unite_alike(roster, union(left, right), apart, LIMITS, merge_id=UUID(int=900), at=LATER)


def mail(name: str, level: Level = P) -> Identifier:
    return identifier("email", f"{name}@nordlys.se", level)


def whole(roster: Roster) -> Roster:
    """Return the roster as the next request would load it."""
    customers = [roster.get(each) for each in roster.customer_ids]
    keys = {key for each in customers for key in each.identifiers}
    again = Roster(customers, links=roster.evidence.among(keys))
    again.versions.load([i for each in customers for i in (each.id, *each.merged_ids)], ())
    return again


def placed_again(roster: Roster) -> Roster:
    """Return the roster after a request that brings everything into line with the evidence."""
    again = whole(roster)
    facts = {
        key: each
        for customer_id in again.customer_ids
        for key, each in again.get(customer_id).identifiers.items()
        if each.is_proved
    }
    place(again, facts, None, Context(LIMITS, LATER + timedelta(days=1), ids(1_000)))
    return again


def test_what_likeness_joined_stays_one_customer():
    left, right = customer(1, mail("a")), customer(2, mail("b"))
    roster = Roster([left, right])
    assert unite(roster, left, right) is None
    assert roster.customer_ids == {left.id}
    again = placed_again(roster)
    assert again.customer_ids == {left.id}
    assert len(again.get(left.id).identifiers) == 2


@pytest.mark.parametrize(
    ("lefts", "rights", "obstacle"),
    [
        pytest.param([mail("a", V)], [mail("b")], DropReason.NEEDS_VERIFICATION, id="verified"),
        pytest.param([mail("a", C)], [mail("b")], Obstacle.UNPROVED, id="claimed"),
        pytest.param([], [mail("b")], Obstacle.UNPROVED, id="nothing"),
        pytest.param(
            [identifier("cookie", "c-1", P)], [mail("b")], Obstacle.UNPROVED, id="device"
        ),
        pytest.param(
            [identifier("external_id", "1", P, "shop")],
            [identifier("external_id", "2", P, "shop")],
            DropReason.CONFLICTING_STRONG_IDENTIFIERS,
            id="numbers",
        ),
        pytest.param(
            [mail(f"a{number}") for number in range(150)],
            [mail(f"b{number}") for number in range(51)],
            Obstacle.TOO_LARGE,
            id="size",
        ),
    ],
)  # fmt: skip
def test_likeness_does_not_join(lefts: list[Identifier], rights: list[Identifier], obstacle: str):
    left, right = customer(1, *lefts), customer(2, *rights)
    roster = Roster([left, right])
    assert unite(roster, left, right) == obstacle
    assert not roster.pending


def test_likeness_outweighs_a_misspelt_birth_date():
    dates = (frozenset({"1984-05-06"}), frozenset({"1984-05-16"}))
    left, right = (
        customer(number, replace(mail(f"a{number}"), birth_dates=said))
        for number, said in enumerate(dates, start=1)
    )
    roster = Roster([left, right])
    assert unite(roster, left, right) is None
    assert placed_again(roster).customer_ids == {left.id}


def test_a_decision_keeps_apart_what_the_two_have_become_part_of():
    left, right = (
        replace(customer(number, mail(f"a{number}")), merged_ids=(UUID(int=10 + number),))
        for number in (1, 2)
    )
    roster = Roster([left, right])
    apart = frozenset({(right.id, UUID(int=11))})
    assert unite(roster, left, right, apart=apart) is Obstacle.KEPT_APART
    assert unite(roster, left, right, apart=frozenset({(UUID(int=11), UUID(int=99))})) is None


def test_a_contact_point_of_a_household_stands_for_nobody():
    left, right = customer(1, mail("a")), customer(2, mail("b"))
    roster = Roster([left, right], shared=[mail("b").key])
    assert unite(roster, left, right) is Obstacle.UNPROVED


def test_a_later_conflict_splits_what_likeness_joined():
    left, right = customer(1, mail("a")), customer(2, mail("b"))
    roster = Roster([left, right])
    unite(roster, left, right)
    again = whole(roster)
    numbers = [identifier("external_id", each, V, "shop") for each in ("1", "2")]
    for number, owner in zip(numbers, ("a", "b"), strict=True):
        again.link(left.id, number)
        key = IdentifierKey("email", "", f"{owner}@nordlys.se")
        again.evidence.add(Link(LinkId.of(number.key, key), NOW, NOW, NOW))
    facts = dict(again.get(left.id).identifiers)
    place(again, facts, None, Context(LIMITS, LATER, ids(1_000)))
    groups = {frozenset(key.value for key in again.get(i).identifiers) for i in again.customer_ids}
    assert groups == {frozenset({"1", "a@nordlys.se"}), frozenset({"2", "b@nordlys.se"})}


def test_one_person_by_decision_is_one_whatever_the_levels():
    left, right = customer(1, mail("a", V)), customer(2, mail("b", C))
    roster = Roster([left, right])
    cause = MergeCause("seen both", "review.v1", "key:desk")
    decision_id, merge_id = UUID(int=800), UUID(int=900)
    obstacle = decide_same(
        roster, Union(left.id, right.id, cause), frozenset(), LIMITS,
        decision_id=decision_id, merge_id=merge_id, now=LATER,
    )  # fmt: skip
    assert obstacle is None
    [decision] = roster.pending.decisions
    assert (decision.id, decision.rule) == (decision_id, Rule.MUST_LINK)
    assert (decision.merge_id, decision.actor) == (merge_id, "key:desk")
    assert placed_again(roster).customer_ids == {left.id}


def test_two_people_by_decision_stay_two_whatever_is_proved():
    left, right = customer(1, mail("a")), customer(2, mail("b"))
    roster = Roster([left, right])
    assert decide_different(
        roster, union(left, right), LIMITS.types, decision_id=UUID(int=800), now=LATER
    )
    [decision] = roster.pending.decisions
    assert decision.rule is Rule.CANNOT_LINK
    again = whole(roster)
    ends = (mail("a").key, mail("b").key)
    again.evidence.add(Link(LinkId.of(*ends), LATER, LATER, LATER))
    assert placed_again(again).customer_ids == {left.id, right.id}


def test_what_is_one_customer_already_cannot_be_kept_apart():
    one = customer(1, mail("a"))
    roster = Roster([one])
    assert not decide_different(
        roster, union(one, one), LIMITS.types, decision_id=UUID(int=800), now=LATER
    )
    assert not roster.pending


def clusters(links: Iterable[Link], people: dict[IdentifierKey, Identifier]) -> object:
    return divide(people, links, CustomerLimits(max_identifiers=3)).clusters


@given(st.permutations(range(5)))
def test_the_order_in_which_likeness_was_found_decides_beyond_a_limit(order: list[int]):
    """Not the order in which the links are read."""
    people = {each.key: each for each in (mail(letter) for letter in "abcdef")}
    keys = sorted(people)
    links = [
        Link(LinkId.of(keys[number], keys[number + 1], Rule.ALIKE), at, at)
        for number in range(5)
        for at in [LATER + timedelta(microseconds=number)]
    ]
    assert clusters((links[number] for number in order), people) == [keys[:3], keys[3:]]
