from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.attributes import (
    Attributes,
    AttributeValue,
    Observation,
    apply_observations,
    merge_attributes,
    visible_values,
)
from services.identity.tests.unit.builders import NOW


def observe(
    value: object, hours: int = 0, *, source: str = "crm", verified: bool = False
) -> Observation:
    """Return an observation of the name, so many hours after NOW."""
    observed_at = NOW + timedelta(hours=hours)
    return Observation("name", AttributeValue(value, source, observed_at, NOW, verified))


def after(current: Attributes, *observations: Observation) -> Attributes:
    return apply_observations(current, observations).attributes


def test_the_newest_value_wins_and_the_older_one_is_kept():
    outcome = apply_observations({}, [observe("Anna", 1), observe("Ann", 0)])
    assert visible_values(outcome.attributes) == {"name": "Anna"}
    assert [kept.value.value for kept in outcome.kept] == ["Anna", "Ann"]
    assert outcome.changed == ("name",)


def test_an_older_value_that_arrives_late_changes_nothing_visible():
    outcome = apply_observations(after({}, observe("Anna", 5)), [observe("Ann", 1)])
    assert outcome.changed == ()
    assert visible_values(outcome.attributes) == {"name": "Anna"}


def test_a_verified_value_beats_a_newer_unverified_one():
    current = after({}, observe("Anna", 0, verified=True))
    assert visible_values(after(current, observe("Bot", 9))) == {"name": "Anna"}


def test_an_explicit_clear_is_a_value_with_a_time():
    cleared = apply_observations(after({}, observe("Anna", 1)), [observe(None, 2)])
    assert visible_values(cleared.attributes) == {}
    assert cleared.changed == ("name",)
    assert visible_values(after(cleared.attributes, observe("Ann", 1))) == {}
    assert visible_values(after(cleared.attributes, observe("Ann", 3))) == {"name": "Ann"}


def test_a_confirmation_renews_a_value_without_a_visible_change():
    confirmed = apply_observations(after({}, observe("Anna", 1)), [observe("Anna", 5)])
    assert (confirmed.changed, confirmed.kept) == ((), ())
    assert visible_values(after(confirmed.attributes, observe("Ann", 3))) == {"name": "Anna"}


def test_true_and_one_are_different_values():
    current = after({}, observe([1], 1))
    assert apply_observations(current, [observe([True], 2)]).changed == ("name",)


observations = st.lists(
    st.builds(
        observe,
        st.sampled_from(["Anna", "Ann", None, 1, True, {"a": 1}]),
        st.integers(0, 3),
        source=st.sampled_from(["crm", "web"]),
        verified=st.booleans(),
    ),
    max_size=4,
)


@given(observations)
def test_survivorship_does_not_depend_on_the_order_of_arrival(observed):
    outcomes = [after({}, *order).get("name") for order in permutations(observed)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(observations, observations)
def test_merged_attributes_equal_those_of_a_single_customer(first, second):
    merged = merge_attributes(after({}, *first), after({}, *second))
    assert merged == after({}, *first, *second)
