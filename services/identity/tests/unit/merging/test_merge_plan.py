from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConflictError, NotFoundError
from identity.customers.domain.attributes import (
    AttributeValue,
    Observation,
    cleared_names,
    visible_values,
)
from identity.customers.domain.changes import CustomerRedirected, CustomersMerged, MergeCause
from identity.customers.domain.customers import CustomerLimits
from identity.customers.domain.type_rules import BUILT_IN_RULES
from identity.merging.domain.merge_plan import apply_merge, plan_merge
from identity.resolution.domain.roster import Roster
from services.identity.tests.unit.builders import NOW, P, V, assert_sound, customer, identifier, ids

CAUSE = MergeCause(reason="same person", rule="explicit", actor="agent-7")


def merge(roster, source, target, *, limit=200, new_id=ids(900)):  # noqa: B008 - shared on purpose
    plan = plan_merge(roster, UUID(int=source), UUID(int=target), CustomerLimits(limit, limit))
    return plan and apply_merge(
        roster, plan, merge_id=new_id(), cause=CAUSE, types=BUILT_IN_RULES, now=NOW
    )


def roster_of_two() -> Roster:
    return Roster(
        [
            customer(1, identifier("email", "a@nordlys.se", V), days_old=9),
            customer(2, identifier("phone", "+46701740605")),
        ]
    )


def test_the_target_survives():
    roster = roster_of_two()
    made = merge(roster, 1, 2)
    assert (made.survivor_id, made.absorbed_ids) == (UUID(int=2), (UUID(int=1),))
    merged, redirected = roster.pending.changes
    assert isinstance(merged, CustomersMerged)
    assert isinstance(redirected, CustomerRedirected)
    assert (merged.customer.version, redirected.customer.version) == (2, 2)
    assert len(merged.customer.identifiers) == 2


def test_merging_one_customer_with_itself_changes_nothing():
    roster = roster_of_two()
    assert merge(roster, 1, 1) is None
    merge(roster, 1, 2)
    assert merge(roster, 2, 1) is None
    assert merge(roster, 1, 2) is None
    assert len(roster.pending.merges) == 1


def test_unknown_ids_and_results_beyond_the_limits_are_refused():
    with pytest.raises(NotFoundError) as caught:
        merge(roster_of_two(), 1, 77)
    assert caught.value.errors[0].pointer == "/target_id"
    with pytest.raises(ConflictError):
        merge(roster_of_two(), 1, 2, limit=1)


def test_a_chain_of_merges_ends_in_one_customer_and_keeps_before_images():
    roster = Roster([customer(number) for number in (1, 2, 3)])
    merge(roster, 1, 2)
    made = merge(roster, 2, 3)
    assert made.absorbed_ids == (UUID(int=1), UUID(int=2))
    assert made.before[1].merged_ids == (UUID(int=1),)
    leads_to = [roster.find(UUID(int=number)) for number in (1, 2, 3)]
    assert [customer and customer.id for customer in leads_to] == [UUID(int=3)] * 3


def test_each_attribute_survives_by_itself():
    roster = roster_of_two()
    for number, name, hours in ((1, "Anna", 1), (2, "Ann", 0)):
        value = AttributeValue(name, "crm", NOW + timedelta(hours=hours), NOW)
        roster.observe(UUID(int=number), [Observation("name", value)], level=P)
    plan = plan_merge(roster, UUID(int=1), UUID(int=2), CustomerLimits())
    assert plan is not None
    assert visible_values(plan.after.attributes) == {"name": "Anna"}


@pytest.mark.parametrize(
    ("hours_of_clear", "cleared", "visible"), [(2, ("tier",), {}), (0, (), {"tier": "gold"})]
)
def test_a_newer_clear_beats_an_older_value_in_a_merge(hours_of_clear, cleared, visible):
    roster = roster_of_two()
    for number, tier, hours in ((1, "gold", 1), (2, None, hours_of_clear)):
        value = AttributeValue(tier, "crm", NOW + timedelta(hours=hours), NOW)
        roster.observe(UUID(int=number), [Observation("tier", value)], level=P)
    plan = plan_merge(roster, UUID(int=1), UUID(int=2), CustomerLimits())
    assert plan is not None
    assert cleared_names(plan.after.attributes) == cleared
    assert visible_values(plan.after.attributes) == visible


pairs = st.tuples(st.integers(1, 6), st.integers(1, 6))


@given(st.lists(pairs, max_size=12))
def test_no_sequence_of_merges_makes_a_cycle(merges):
    roster = Roster([customer(number) for number in range(1, 7)])
    for source, target in merges:
        merge(roster, source, target)
        assert merge(roster, source, target) is None
    assert_sound(roster, {UUID(int=number) for number in range(1, 7)})
