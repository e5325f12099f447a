from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConflictError, NotFoundError
from identity.customers.domain.attributes import AttributeValue, Observation, visible
from identity.customers.domain.facts import Cause, CustomerRedirected, CustomersMerged
from identity.merging.domain.merging import apply_merge, plan_merge
from identity.resolution.domain.clusters import Rules
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.building import NOW, V, customer, identifier, ids
from services.identity.tests.unit.test_resolving import assert_sound

CAUSE = Cause(reason="same person", rule="explicit", actor="agent-7")


def merge(roster, source, target, *, limit=200, new_id=ids(900)):  # noqa: B008 - shared on purpose
    plan = plan_merge(roster, UUID(int=source), UUID(int=target), Rules(limit, limit))
    return plan and apply_merge(roster, plan, merge_id=new_id(), cause=CAUSE)


def two() -> Roster:
    return Roster(
        [
            customer(1, identifier("email", "a@nordlys.se", V), days_old=9),
            customer(2, identifier("phone", "+46701740605")),
        ]
    )


def test_the_target_survives_as_asked():
    roster = two()
    made = merge(roster, 1, 2)
    assert (made.survivor_id, made.absorbed_ids) == (UUID(int=2), (UUID(int=1),))
    merged, redirected = roster.changes.facts
    assert isinstance(merged, CustomersMerged)
    assert isinstance(redirected, CustomerRedirected)
    assert (merged.customer.version, redirected.customer.version) == (2, 2)
    assert len(merged.customer.identifiers) == 2


def test_what_is_one_already_is_left_alone():
    roster = two()
    assert merge(roster, 1, 1) is None
    merge(roster, 1, 2)
    assert merge(roster, 2, 1) is None
    assert merge(roster, 1, 2) is None
    assert len(roster.changes.merges) == 1


def test_unknown_ids_and_too_large_results_are_refused():
    with pytest.raises(NotFoundError) as caught:
        merge(two(), 1, 77)
    assert caught.value.errors[0].pointer == "/target_id"
    with pytest.raises(ConflictError):
        merge(two(), 1, 2, limit=1)


def test_a_chain_ends_in_one_customer_that_keeps_the_before_images():
    roster = Roster([customer(number) for number in (1, 2, 3)])
    merge(roster, 1, 2)
    made = merge(roster, 2, 3)
    assert made.absorbed_ids == (UUID(int=1), UUID(int=2))
    assert made.before[1].merged_ids == (UUID(int=1),)
    assert {roster.find(UUID(int=number)).id for number in (1, 2, 3)} == {UUID(int=3)}


def test_attributes_survive_each_by_itself():
    roster = two()
    for number, name, hours in ((1, "Anna", 1), (2, "Ann", 0)):
        value = AttributeValue(name, "crm", NOW + timedelta(hours=hours), NOW)
        roster.observe(UUID(int=number), [Observation("name", value)])
    plan = plan_merge(roster, UUID(int=1), UUID(int=2), Rules())
    assert visible(plan.after.attributes) == {"name": "Anna"}


pairs = st.tuples(st.integers(1, 6), st.integers(1, 6))


@given(st.lists(pairs, max_size=12))
def test_no_sequence_of_merges_makes_a_cycle(asked):
    roster = Roster([customer(number) for number in range(1, 7)])
    for source, target in asked:
        merge(roster, source, target)
        assert merge(roster, source, target) is None
    assert_sound(roster, {UUID(int=number) for number in range(1, 7)})
