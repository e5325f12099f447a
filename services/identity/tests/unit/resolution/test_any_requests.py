"""What holds for any customers and any requests."""

from itertools import permutations
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.identifiers import Level
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import (
    assert_sound,
    customer,
    identifier,
    ids,
    request,
    resolve,
)

KEYS = st.sampled_from(
    [
        ("email", "a@nordlys.se", ""),
        ("email", "b@nordlys.se", ""),
        ("phone", "+46701740605", ""),
        ("device", "dev-1", ""),
        ("external_id", "C-1", "shop"),
        ("external_id", "C-2", "shop"),
    ]
)
SHOWN = st.builds(
    lambda key, level: identifier(key[0], key[1], level, key[2]), KEYS, st.sampled_from(Level)
)
CUSTOMERS = st.lists(st.lists(SHOWN, max_size=3), max_size=4)


def roster_of(identifiers_per_customer):
    taken, customers = set(), []
    for number, identifiers in enumerate(identifiers_per_customer, 1):
        own = [identifier for identifier in identifiers if identifier.key not in taken]
        taken |= {identifier.key for identifier in own}
        customers.append(customer(number, *own, days_old=number % 2))
    return Roster(customers)


@given(CUSTOMERS, st.lists(SHOWN, min_size=1, max_size=4))
def test_the_order_of_identifiers_does_not_matter(linked, shown):
    outcomes = []
    for order in permutations(shown):
        roster = roster_of(linked)
        outcomes.append((resolve(roster, request(*order)), roster.pending))
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(CUSTOMERS, st.lists(SHOWN, min_size=1, max_size=4))
def test_repeating_a_request_changes_nothing(linked, shown):
    roster = roster_of(linked)
    first = resolve(roster, request(*shown))
    changes = len(roster.pending.changes)
    second = resolve(roster, request(*shown))
    assert second.customer_id == first.customer_id
    assert len(roster.pending.changes) == changes


@given(CUSTOMERS, st.lists(st.lists(SHOWN, min_size=1, max_size=3), max_size=8))
def test_any_sequence_of_requests_keeps_the_roster_sound(linked, batches):
    roster = roster_of(linked)
    new_id = ids(1000)
    issued: set[Any] = {UUID(int=number) for number in range(1, len(linked) + 1)}
    for shown in batches:
        resolution = resolve(roster, request(*shown), max_identifiers=5, new_id=new_id)
        issued |= {resolution.customer_id}
    assert_sound(roster, issued)
