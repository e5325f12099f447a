"""Caps both ways, with windows and priorities, of types that a tenant has rules for."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import Phase, find, given, settings

from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.identifiers import DropReason
from identity.customers.domain.type_rules import Cap, Rank, TypeRule, TypeRules
from identity.resolution.domain.graph.partition import Partition, divide
from services.identity.tests.unit.builders import NOW, P, V
from services.identity.tests.unit.resolution.test_partition import (
    LIMITS,
    PERSONS,
    Seen,
    assert_one_partition,
    events,
    evidence_of,
    orders,
    proved,
    replayed,
)

HOUR = timedelta(hours=1)


def limits(max_identifiers: int = 20, **rules: TypeRule) -> CustomerLimits:
    return CustomerLimits(
        max_identifiers=max_identifiers, repeat_window=timedelta(), types=TypeRules(rules)
    )


def test_a_cap_with_a_window_counts_what_lies_within_it():
    cap = Cap(2, 3 * HOUR)
    times = [NOW, NOW + 2 * HOUR, NOW + 4 * HOUR]
    assert not cap.is_exceeded_by(times)
    assert cap.is_exceeded_by([*times, NOW + 3 * HOUR])
    assert Cap(2).is_exceeded_by(times)


def in_every_order(seen: list[Seen], limits: CustomerLimits) -> set[frozenset[str]]:
    partitions = {frozenset(proved(replayed(order, limits))) for order in permutations(seen)}
    (partition,) = partitions
    return set(partition)


MAIL = ("email", "a@nordlys.se", P)
PHONES = [("phone", f"+4670174060{n}", P) for n in range(4)]


def test_of_more_values_than_a_customer_may_have_the_oldest_stay():
    seen = [Seen(hour, (MAIL, phone)) for hour, phone in enumerate(PHONES)]
    found = in_every_order(seen, limits(phone=TypeRule(values=Cap(2))))
    assert sorted(len(group) for group in found) == [1, 1, 3]
    assert frozenset({"email:a@nordlys.se", "phone:+46701740600", "phone:+46701740601"}) in found


def test_a_verified_value_is_never_refused_for_a_weaker_one():
    mail, last = ("email", "a@nordlys.se", V), ("phone", "+46701740609", V)
    seen = [Seen(hour, (MAIL, phone)) for hour, phone in enumerate(PHONES[:2])]
    seen += [Seen(9, (mail, last))]
    found = in_every_order(seen, limits(phone=TypeRule(values=Cap(1))))
    assert frozenset({"email:a@nordlys.se", "phone:+46701740609"}) in found


def test_a_windowed_cap_lets_a_person_change_numbers_slowly():
    rules = limits(phone=TypeRule(values=Cap(1, timedelta(hours=5))))
    slowly = [Seen(hour, (MAIL, phone)) for hour, phone in zip((0, 6, 12), PHONES, strict=False)]
    assert len(in_every_order(slowly, rules)) == 1
    quickly = [Seen(hour, (MAIL, phone)) for hour, phone in zip((0, 1, 12), PHONES, strict=False)]
    assert sorted(len(group) for group in in_every_order(quickly, rules)) == [1, 3]


def test_where_there_are_too_many_the_type_of_higher_priority_stays():
    telegram = ("telegram", "anna", P)
    seen = [Seen(1, (MAIL, PHONES[0])), Seen(2, (MAIL, telegram))]
    assert frozenset({"email:a@nordlys.se", "phone:+46701740600"}) in in_every_order(
        seen, limits(2)
    )
    prior = limits(2, telegram=TypeRule(priority=200), email=TypeRule(priority=200))
    assert frozenset({"email:a@nordlys.se", "telegram:anna"}) in in_every_order(seen, prior)


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_an_exclusive_type_of_a_tenant_tells_persons_apart(is_exclusive):
    seen = [
        Seen(1, (MAIL, ("membership", "1", P))),
        Seen(2, (MAIL, ("membership", "2", P))),
    ]
    rule = TypeRule(Rank.OWN_NUMBER, is_exclusive=is_exclusive)
    assert len(in_every_order(seen, limits(membership=rule))) == 1 + is_exclusive


def test_devices_beyond_the_cap_of_their_type_are_nobodys():
    seen = [Seen(hour, (MAIL, ("tablet", f"t{hour}", P))) for hour in range(3)]
    rule = TypeRule(Rank.DEVICE, values=Cap(1))
    found = proved(replayed(seen, limits(tablet=rule)))
    assert found == {frozenset({"email:a@nordlys.se", "tablet:t2"})}


@pytest.mark.parametrize(("hours", "persons"), [((0, 1, 2), 3), ((0, 10, 20), 1)])
def test_what_many_share_within_a_window_is_nobodys(hours, persons):
    phone = PHONES[0]
    seen = [
        Seen(hour, (phone, ("email", f"{name}@nordlys.se", P)))
        for hour, name in zip(hours, "abc", strict=True)
    ]
    rule = TypeRule(neighbours=Cap(2, timedelta(hours=5)))
    found = in_every_order(seen, limits(phone=rule))
    assert len(found) == persons
    assert ("phone:+46701740600" in frozenset().union(*found)) is (persons == 1)


RULED = limits(
    4,
    email=TypeRule(values=Cap(2), neighbours=Cap(2), priority=300),
    phone=TypeRule(values=Cap(1, 4 * HOUR), neighbours=Cap(2, 9 * HOUR)),
    loyalty_id=TypeRule(priority=20, values=Cap(1)),
)


@settings(max_examples=150, deadline=None)
@given(orders(events(PERSONS)))
def test_rules_of_types_divide_alike_in_any_order(drawn):
    first, others = drawn
    assert_one_partition(first, others, RULED)


@settings(max_examples=100, deadline=None)
@given(orders(events(PERSONS)))
def test_a_tightened_rule_divides_alike_whatever_came_before(drawn):
    """What is divided by the new rules does not depend on the order under the old ones."""
    first, others = drawn
    partitions = []
    for order in (first, *others):
        facts, links = evidence_of(order)
        partitions.append((divide(facts, links, LIMITS), divide(facts, links, RULED)))
    assert all(partition == partitions[0] for partition in partitions)


CROSSED: dict[str, tuple[CustomerLimits, Callable[[Partition], bool]]] = {
    "too many of a type": (RULED, lambda found: DropReason.TOO_MANY_IDENTIFIERS in reasons(found)),
    "too many": (LIMITS, lambda found: DropReason.TOO_MANY_IDENTIFIERS in reasons(found)),
    "two numbers": (
        LIMITS,
        lambda found: DropReason.CONFLICTING_STRONG_IDENTIFIERS in reasons(found),
    ),
    "shared by many": (LIMITS, lambda found: bool(found.quarantined)),
    "shared by many within a window": (RULED, lambda found: bool(found.quarantined)),
    "verified before": (LIMITS, lambda found: DropReason.NEEDS_VERIFICATION in reasons(found)),
}


def reasons(partition: Partition) -> set[DropReason]:
    return set(partition.refused.values())


@pytest.mark.parametrize("limit", CROSSED)
def test_the_drawn_events_cross_every_limit(limit):
    crossed, is_crossed = CROSSED[limit]
    assert find(
        events(PERSONS),
        lambda seen: is_crossed(divide(*evidence_of(seen), crossed)),
        # Any example will do, so none is made smaller.
        settings=settings(
            max_examples=20_000, deadline=None, derandomize=True, phases=[Phase.generate]
        ),
    )
