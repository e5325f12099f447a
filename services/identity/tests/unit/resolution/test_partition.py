"""The partition is a function of the evidence: orders and repetitions make no difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identifiers import IdentifierKey
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import Identifier, Level, PresentedIdentifier
from identity.customers.domain.type_rules import BUILT_IN_RULES
from identity.resolution.domain.context import Context
from identity.resolution.domain.graph.evidence import (
    Evidence,
    Link,
    LinkId,
    Rule,
    links_among,
)
from identity.resolution.domain.graph.partition import divide
from identity.resolution.domain.requests import ResolutionRequest, prepare
from identity.resolution.domain.resolution import resolve
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import NOW, C, P, V, assert_sound, ids

LIMITS = CustomerLimits(max_identifiers=4, max_neighbours=2, repeat_window=timedelta())
ROOM_FOR_DEVICES = replace(LIMITS, max_identifiers=20)


class Seen(NamedTuple):
    """An event: what was presented together, at which hour."""

    hour: int
    shown: tuple[tuple[str, str, Level], ...]
    attributes: Mapping[str, Any] | None = None


def replayed(events: Iterable[Seen], limits: CustomerLimits = LIMITS) -> Roster:
    roster, new_id = Roster(), ids()
    later = NOW + timedelta(days=365)
    for event in events:
        attributes = event.attributes or {}
        presented = tuple(
            PresentedIdentifier(kind, value, "shop" if kind.endswith("_id") else None, level)
            for kind, value, level in event.shown
        )
        at = NOW + timedelta(hours=event.hour)
        request = prepare(
            ResolutionRequest(presented, attributes, create=True, observed_at=at), now=later
        )
        resolve(roster, request, Context(limits, later, new_id))
    return roster


def proved(roster: Roster) -> set[frozenset[str]]:
    """Return the values that each customer has proved."""
    groups = (
        frozenset(
            f"{key.type}:{key.value}"
            for key, identifier in roster.get(customer_id).identifiers.items()
            if identifier.is_proved
        )
        for customer_id in roster.customer_ids
    )
    return {group for group in groups if group}


def assert_one_partition(
    events: Sequence[Seen], orders: Iterable[Sequence[Seen]], limits: CustomerLimits = LIMITS
) -> None:
    expected = proved(replayed(events, limits))
    for order in orders:
        assert proved(replayed(order, limits)) == expected, order


MAIL_A, MAIL_B = "email:a@nordlys.se", "email:b@nordlys.se"
FOUR = [
    Seen(1, (("email", "a@nordlys.se", P), ("cookie", "browser", P))),
    Seen(2, (("email", "b@nordlys.se", P), ("cookie", "browser", P))),
    Seen(3, (("email", "a@nordlys.se", V), ("external_id", "n1", V))),
    Seen(4, (("email", "b@nordlys.se", V), ("external_id", "n2", V))),
]


@pytest.mark.parametrize("order", list(permutations(FOUR)))
def test_two_persons_at_one_browser_stay_two_in_every_order(order):
    assert proved(replayed(order)) == {
        frozenset({MAIL_A, "external_id:n1"}),
        frozenset({MAIL_B, "external_id:n2", "cookie:browser"}),
    }


KINDS = {
    "email": ["a@nordlys.se", "b@nordlys.se", "c@nordlys.se", "d@nordlys.se"],
    "phone": ["+46701740601", "+46701740602", "+46701740603"],
    "external_id": ["n1", "n2", "n3"],
    "loyalty_id": ["l1", "l2"],
    "cookie": ["c1", "c2"],
}


def shown(kinds: Sequence[str], levels: Sequence[Level]) -> st.SearchStrategy:
    values = [(kind, value) for kind in kinds for value in KINDS[kind]]
    return st.builds(
        lambda pair, level: (*pair, level), st.sampled_from(values), st.sampled_from(levels)
    )


def events(
    kinds: Sequence[str], levels: Sequence[Level] = (P, V), *, dates: bool = False
) -> st.SearchStrategy[list[Seen]]:
    birth_dates = st.sampled_from(
        [None, None, {"birth_date": "1980-01-01"}, {"birth_date": "2010-05-05"}]
    )
    event = st.builds(
        Seen,
        st.integers(0, 20),
        st.lists(shown(kinds, levels), min_size=1, max_size=3, unique_by=lambda item: item[:2]).map(
            tuple
        ),
        birth_dates if dates else st.none(),
    )
    return st.lists(event, min_size=2, max_size=7)


@st.composite
def orders(draw: st.DrawFn, strategy: st.SearchStrategy[list[Seen]]):
    first = draw(strategy)
    again = draw(st.lists(st.sampled_from(first), max_size=3))
    return first, [draw(st.permutations([*first, *again])) for _ in range(3)]


PERSONS = ["email", "phone", "external_id", "loyalty_id"]


@settings(max_examples=150, deadline=None)
@given(orders(events(PERSONS)))
def test_caps_numbers_and_quarantine_divide_alike_in_any_order(drawn):
    events, orders = drawn
    assert_one_partition(events, orders)


@settings(max_examples=150, deadline=None)
@given(orders(events(["email", "cookie", "external_id"])))
def test_devices_go_alike_in_any_order(drawn):
    events, orders = drawn
    assert_one_partition(events, orders, ROOM_FOR_DEVICES)


@settings(max_examples=150, deadline=None)
@given(orders(events(["email", "phone"], dates=True)))
def test_birth_dates_divide_alike_in_any_order(drawn):
    events, orders = drawn
    assert_one_partition(events, orders)


@settings(max_examples=150, deadline=None)
@given(orders(events([*PERSONS, "cookie"], levels=(C, P, V))))
def test_claims_do_not_change_who_is_proved_to_be_whom(drawn):
    events, orders = drawn
    assert_one_partition(events, orders, ROOM_FOR_DEVICES)


DECIDED = st.lists(
    st.tuples(
        st.sampled_from([Rule.MUST_LINK, Rule.CANNOT_LINK]),
        *[st.sampled_from([(kind, value) for kind in PERSONS for value in KINDS[kind]])] * 2,
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(events(PERSONS), DECIDED, st.randoms(use_true_random=False))
def test_decisions_hold_in_any_order(events, decided, random):
    """Whatever a person decided counts alike before and after the events."""
    links = [
        Link(LinkId.of(_key(*one), _key(*other), rule), NOW, NOW)
        for rule, one, other in decided
        if one != other
    ]
    facts, together = evidence_of(events)
    known = [link for link in links if {link.id.low, link.id.high} <= facts.keys()]
    expected = divide(facts, [*together, *known], LIMITS)
    shuffled = [*together, *known]
    random.shuffle(shuffled)
    assert (
        divide(dict(random.sample(list(facts.items()), len(facts))), shuffled, LIMITS) == expected
    )
    for link in known:
        if link.id.rule is Rule.CANNOT_LINK:
            assert not any({link.id.low, link.id.high} <= set(keys) for keys in expected.clusters)


def _key(kind: str, value: str) -> IdentifierKey:
    return IdentifierKey(kind, "shop" if kind.endswith("_id") else "", value)


def evidence_of(events: Sequence[Seen]) -> tuple[dict[IdentifierKey, Identifier], list[Link]]:
    """Return the identifiers and the links of the events, without anything that is decided."""
    facts: dict[IdentifierKey, Identifier] = {}
    evidence = Evidence()
    for event in events:
        at = NOW + timedelta(hours=event.hour)
        shown = [
            Identifier(
                _key(kind, value), value, level, None, at, verified_at=at if level is V else None
            )
            for kind, value, level in event.shown
        ]
        for identifier in shown:
            known = facts.get(identifier.key)
            facts[identifier.key] = known.confirmed_by(identifier) if known else identifier
        for link in links_among(shown, BUILT_IN_RULES):
            evidence.add(link)
    return facts, evidence.among(facts)


@settings(max_examples=100, deadline=None)
@given(events([*PERSONS, "cookie"], levels=(C, P, V), dates=True))
def test_every_id_ever_issued_leads_to_one_customer(sequence):
    roster = replayed(sequence)
    issued = {change.customer.id for change in roster.pending.changes}
    assert_sound(roster, issued)


@settings(max_examples=100, deadline=None)
@given(events([*PERSONS, "cookie"], levels=(C, P, V), dates=True))
def test_what_is_known_changes_nothing(sequence):
    roster = replayed(sequence)
    once = len(roster.pending.changes)
    again = replayed([*sequence, *sequence])
    assert proved(again) == proved(roster)
    assert once
