from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.customers.domain.attributes import (
    Attributes,
    AttributeValue,
    Observation,
    apply_observations,
    at_level,
    cleared_names,
    is_same_json,
    keep_claims,
    merge_attributes,
    sequence_at,
    visible_values,
    written_after,
)
from identity.customers.domain.identifiers import Level
from services.identity.tests.unit.builders import NOW, C, P, V


def observe(
    value: object,
    hours: int = 0,
    *,
    source: str = "crm",
    level: Level = P,
    priority: int = 0,
    sequence: int = 0,
) -> Observation:
    """Return an observation of the name, so many hours after NOW."""
    observed_at = NOW + timedelta(hours=hours)
    attribute = AttributeValue(value, source, observed_at, NOW, level, priority, sequence)
    return Observation("name", attribute)


def after(current: Attributes, *observations: Observation) -> Attributes:
    return apply_observations(current, observations).attributes


def shown(*observations: Observation) -> object:
    """Return what is visible of the name after these observations."""
    return visible_values(after({}, *observations)).get("name")


def test_the_newest_value_wins_and_the_older_one_is_kept():
    outcome = apply_observations({}, [observe("Anna", 1), observe("Ann", 0)])
    assert visible_values(outcome.attributes) == {"name": "Anna"}
    assert [kept.value.value for kept in outcome.kept] == ["Anna", "Ann"]
    assert outcome.changed == ("name",)


def test_an_older_value_that_arrives_late_changes_nothing_visible():
    outcome = apply_observations(after({}, observe("Anna", 5)), [observe("Ann", 1)])
    assert outcome.changed == ()
    assert visible_values(outcome.attributes) == {"name": "Anna"}
    assert [kept.value.value for kept in outcome.kept] == ["Ann"]


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        pytest.param({"hours": 9}, {"level": V}, id="verified beats newer"),
        pytest.param({"level": V, "hours": 9}, {"priority": 1}, id="priority beats verified"),
        pytest.param(
            {"level": C, "priority": 9, "hours": 9}, {}, id="proved beats any claim of any source"
        ),
        pytest.param({"sequence": 9}, {"hours": 1}, id="newer beats later written"),
        pytest.param(
            {"priority": -1, "level": V}, {}, id="sources may be less important than most"
        ),
        pytest.param({"sequence": 1}, {"sequence": 2}, id="later written beats earlier written"),
    ],
)
@pytest.mark.parametrize("values", [("a", "b"), ("b", "a"), (None, "a"), ("a", None)])
def test_what_decides_between_two_values(weaker, stronger, values):
    loser, winner = observe(values[0], **weaker), observe(values[1], **stronger)
    assert shown(loser, winner) == shown(winner, loser) == values[1]


@pytest.mark.parametrize(
    ("first", "second"),
    [("silver", "gold"), (5, 10), (10, 5), (True, None), (None, "x"), ("b", "a"), ([2], [1])],
)
def test_of_values_of_one_time_the_later_written_counts_whatever_its_text(first, second):
    assert shown(observe(first, sequence=1), observe(second, sequence=2)) == second


def test_a_value_said_again_after_another_one_of_the_same_time_counts():
    values = [
        observe(tier, sequence=place) for place, tier in enumerate(["gold", "silver", "gold"])
    ]
    assert all(shown(*order) == "gold" for order in permutations(values))


def test_items_of_a_write_come_in_order_and_before_those_of_the_next():
    last_of_one = sequence_at(NOW, 999)
    first_of_next = sequence_at(NOW + timedelta(microseconds=1))
    assert sequence_at(NOW) < sequence_at(NOW, 1) < last_of_one < first_of_next
    assert first_of_next < 2**63
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    assert sequence_at(elsewhere) == sequence_at(NOW)


def test_a_write_comes_after_the_present_value_even_if_its_clock_is_slow():
    current = after({}, observe("Anna", sequence=10))
    (late,) = written_after(current, [observe("Ann", sequence=3)])
    assert visible_values(after(current, late)) == {"name": "Ann"}
    (other,) = written_after({}, [observe("Ann", sequence=3)])
    assert other.value.sequence == 3
    (newer,) = written_after(current, [observe("Ann", sequence=30)])
    assert newer.value.sequence == 30


def test_an_explicit_clear_is_a_value_with_a_time():
    cleared = apply_observations(after({}, observe("Anna", 1)), [observe(None, 2)])
    assert visible_values(cleared.attributes) == {}
    assert cleared_names(cleared.attributes) == ("name",)
    assert cleared.changed == ("name",)
    assert visible_values(after(cleared.attributes, observe("Ann", 1))) == {}
    assert visible_values(after(cleared.attributes, observe("Ann", 3))) == {"name": "Ann"}


def test_a_confirmation_renews_a_value_without_a_visible_change():
    confirmed = apply_observations(after({}, observe("Anna", 1)), [observe("Anna", 5)])
    assert (confirmed.changed, confirmed.kept) == ((), ())
    assert visible_values(after(confirmed.attributes, observe("Ann", 3))) == {"name": "Anna"}


def test_the_last_confirmation_is_kept_once_another_value_arrives():
    """Otherwise a value of in between would look as if it had counted until today."""
    confirmed = after({}, observe("Anna", 1), observe("Anna", 5))
    kept = apply_observations(confirmed, [observe("Ann", 3), observe("Ann", 2)]).kept
    assert [(each.value.value, each.value.observed_at.hour) for each in kept] == [
        ("Anna", 14), ("Ann", 12), ("Ann", 11),
    ]  # fmt: skip


def test_claims_on_somebody_else_are_kept_and_never_count():
    current = after({}, observe("Vera", 0))
    outcome = keep_claims(current, at_level([observe("Mallory", 9)], C))
    assert (outcome.attributes, outcome.changed) == (current, ())
    assert [(kept.is_claim, kept.value.level) for kept in outcome.kept] == [(True, C)]


def test_true_and_one_are_different_values():
    current = after({}, observe([1], 1))
    assert apply_observations(current, [observe([True], 2)]).changed == ("name",)
    assert is_same_json({"a": [1], "b": 2}, {"b": 2, "a": [1]})


observations = st.lists(
    st.builds(
        observe,
        st.sampled_from(["Anna", "Ann", None, 1, True, {"a": 1}]),
        st.integers(0, 2),
        source=st.sampled_from(["crm", "web"]),
        level=st.sampled_from(list(Level)),
        priority=st.integers(0, 1),
        sequence=st.integers(0, 2),
    ),
    max_size=4,
)


def counting(attributes: Attributes) -> dict[str, AttributeValue]:
    return {name: replace(value, ingested_at=NOW) for name, value in attributes.items()}


@given(observations)
def test_survivorship_does_not_depend_on_the_order_of_arrival(observed):
    outcomes = [after({}, *order).get("name") for order in permutations(observed)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(observations, st.randoms())
def test_observations_that_come_twice_change_nothing(observed, random):
    twice = [*observed, *observed]
    random.shuffle(twice)
    assert after({}, *twice) == after({}, *observed)


@given(observations, observations, observations)
def test_merged_attributes_equal_those_of_a_single_customer(first, second, third):
    one, two, three = (after({}, *each) for each in (first, second, third))
    single = after({}, *first, *second, *third)
    assert merge_attributes(one, two, three) == single
    assert merge_attributes(three, merge_attributes(two, one)) == single
    assert merge_attributes(merge_attributes(one, two), one, three) == single


@given(observations)
def test_kept_and_current_values_tell_what_counts(observed):
    """Whoever reads the history later comes to the same value as the customer has."""
    outcome = apply_observations({}, observed)
    current = [Observation(name, value) for name, value in outcome.attributes.items()]
    assert visible_values(after({}, *outcome.kept, *current)) == visible_values(outcome.attributes)
    for place in range(1, len(observed)):
        early = apply_observations({}, observed[:place])
        late = apply_observations(early.attributes, observed[place:])
        assert late.attributes == outcome.attributes


def test_a_time_before_the_epoch_is_a_place_too():
    assert sequence_at(datetime.fromisoformat("1969-12-31T00:00:00+00:00")) < 0
