from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.attributes import (
    AttributeValue,
    Observation,
    combine,
    survive,
    visible,
)
from services.identity.tests.unit.building import NOW


def told(
    value: object, hours: int = 0, *, source: str = "crm", verified: bool = False
) -> Observation:
    moment = NOW + timedelta(hours=hours)
    return Observation("name", AttributeValue(value, source, moment, NOW, verified))


def test_the_newest_value_holds_and_the_older_one_is_kept():
    survival = survive({}, [told("Anna", 1), told("Ann", 0)])
    assert visible(survival.attributes) == {"name": "Anna"}
    assert [kept.value.value for kept in survival.kept] == ["Anna", "Ann"]
    assert survival.changed == ("name",)


def test_a_late_older_value_changes_nothing_that_shows():
    held = survive({}, [told("Anna", 5)]).attributes
    survival = survive(held, [told("Ann", 1)])
    assert survival.changed == ()
    assert visible(survival.attributes) == {"name": "Anna"}


def test_a_verified_value_outlives_a_newer_one():
    held = survive({}, [told("Anna", 0, verified=True)]).attributes
    assert visible(survive(held, [told("Bot", 9)]).attributes) == {"name": "Anna"}


def test_an_explicit_clear_is_a_value_with_a_time():
    held = survive({}, [told("Anna", 1)]).attributes
    cleared = survive(held, [told(None, 2)])
    assert visible(cleared.attributes) == {}
    assert cleared.changed == ("name",)
    assert visible(survive(cleared.attributes, [told("Ann", 1)]).attributes) == {}
    assert visible(survive(cleared.attributes, [told("Ann", 3)]).attributes) == {"name": "Ann"}


def test_a_confirmation_makes_a_value_younger_but_is_no_change():
    held = survive({}, [told("Anna", 1)]).attributes
    confirmed = survive(held, [told("Anna", 5)])
    assert (confirmed.changed, confirmed.kept) == ((), ())
    assert visible(survive(confirmed.attributes, [told("Ann", 3)]).attributes) == {"name": "Anna"}


def test_true_is_not_one():
    held = survive({}, [told([1], 1)]).attributes
    assert survive(held, [told([True], 2)]).changed == ("name",)


observations = st.lists(
    st.builds(
        told,
        st.sampled_from(["Anna", "Ann", None, 1, True, {"a": 1}]),
        st.integers(0, 3),
        source=st.sampled_from(["crm", "web"]),
        verified=st.booleans(),
    ),
    max_size=4,
)


@given(observations)
def test_what_holds_does_not_depend_on_the_order_of_arrival(told_values):
    outcomes = [survive({}, order).attributes.get("name") for order in permutations(told_values)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(observations, observations)
def test_merging_customers_holds_what_one_customer_would(one, other):
    apart = combine(survive({}, one).attributes, survive({}, other).attributes)
    assert apart == survive({}, [*one, *other]).attributes
