"""What the model makes of agreements, before and after it has learned."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.matching.domain.learning import LEAST_HOUSEHOLDS, Pair, choose_bands, learn
from identity.matching.domain.likeness.comparison import compare, field_of, is_contradiction
from identity.matching.domain.model import FEWEST_HOUSEHOLDS, Band, Bands, Model, Weights
from identity.matching.domain.profiles import Profile, read_profile
from identity.matching.store.profile_json import model_to_json
from services.identity.tests.people import Person, census, profiles_of

MODEL = Model.unlearned(1_000)
HOME = {"street": "12 Main Street", "city": "Perth", "postcode": "6000", "surname": "Ashcroft"}


def score(left: dict[str, str], right: dict[str, str], model: Model = MODEL) -> float:
    one, other = read_profile(left), read_profile(right)
    return model.log_odds(compare(one, other), one, other)


def test_the_same_person_is_in_the_automatic_band():
    anna = HOME | {"given_name": "Anna", "birth_date": "1984-05-06"}
    assert MODEL.band(score(anna, anna)) is Band.AUTO


def test_rare_names_in_each_others_places_are_asked_about():
    one = {"first_name": "Annelore", "last_name": "Bergqvist", "email": "a@nordlys.se"}
    other = {"first_name": "Bergqvist", "last_name": "Annelore", "email": "b@nordlys.se"}
    assert MODEL.band(score(one, other)) is Band.REVIEW


@pytest.mark.parametrize(
    "change",
    [
        {"given_name": "Maggie"},
        {"given_name": "Margarte"},
        {"birth_date": "1984-06-05"},
        {"birth_date": "1984-05-16"},
        {"surname": "Margaret", "given_name": "Ashcroft"},
        {"street": "12 Main Stret"},
    ],
)
def test_slips_and_nicknames_do_not_part_a_person(change: dict[str, str]):
    margaret = HOME | {"given_name": "Margaret", "birth_date": "1984-05-06"}
    assert MODEL.band(score(margaret, margaret | change)) is Band.AUTO


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({}, {}),
        ({"given_name": "Anna"}, {}),
        ({"given_name": "Anna"}, {"given_name": "Peter"}),
        ({"phone": "+46701740605"}, {"phone": "+46701740605"}),
        (
            {"given_name": "Anna", "birth_date": "1984-05-06"},
            {"given_name": "Peter", "birth_date": "1986-11-23"},
        ),
    ],
)
def test_what_a_household_shares_is_no_automatic_match(left: dict[str, str], right: dict[str, str]):
    assert MODEL.band(score(HOME | left, HOME | right)) is not Band.AUTO


def test_one_contact_point_does_not_join_two_names():
    left = {"given_name": "Kim", "birth_date": "1960-01-01", "email": "desk@nordlys.test"}
    right = {"given_name": "Lee", "birth_date": "1985-05-05", "email": "desk@nordlys.test"}
    assert MODEL.band(score(left, right)) is Band.NO


def test_evidence_adds_up_to_what_speaks_for_one_person():
    left, right = read_profile(HOME | {"given_name": "Anna"}), read_profile(HOME)
    vector = compare(left, right)
    scored = MODEL.score(vector, left, right)
    assert [each.field for each in scored.evidence] == list(vector)
    assert sum(each.weight for each in scored.evidence) == pytest.approx(
        MODEL.likelihoods(vector, left, right)[0]
    )


def test_first_name_and_birth_date_contradict_together_only():
    base = {"given_name": "Anna", "birth_date": "1984-05-06"}
    other_name, other_date = {"given_name": "Peter"}, {"birth_date": "1961-11-23"}
    profiles = [
        read_profile(base | change) for change in (other_name, other_date, other_name | other_date)
    ]
    contradictions = [is_contradiction(compare(read_profile(base), each)) for each in profiles]
    assert contradictions == [False, False, True]


def learned(people: list[Person]) -> tuple[Model, list[Pair]]:
    """Return the model of these people's records, and the pairs it was learned from."""
    profiles = profiles_of(people)
    pairs = [
        Pair(left, right)
        for number, left in enumerate(profiles)
        for right in profiles[number + 1 :]
        if left.surname == right.surname or left.birth == right.birth
    ]
    strangers = [Pair(left, right) for left, right in pairwise(profiles)]
    count = len(profiles)
    model = learn(
        profiles, pairs, strangers, chosen_from=count * (count - 1) / 2, population=count, version=1
    )
    return model, pairs


def test_a_model_learns_without_labels_that_there_are_households():
    model, _ = learned(census(400, seed=1))
    assert model.household_prior > model.match_prior
    smiths = HOME | {"surname": "Zwickl"}
    left = smiths | {"given_name": "Anna", "birth_date": "1984-05-06"}
    right = smiths | {"given_name": "Peter", "birth_date": "1986-11-23"}
    assert model.band(score(left, right, model)) is Band.NO
    assert model.band(score(smiths, smiths, model)) is not Band.AUTO


def test_a_rare_value_weighs_more_than_a_common_one():
    people = census(400, seed=2)
    model, _ = learned(people)
    [(common, _)] = Counter(each.given for each in profiles_of(people)).most_common(1)
    rare, often = Profile(given="xanthippe"), Profile(given=common)
    assert model.weigh("given_name", 0, rare, rare) > model.weigh("given_name", 0, often, often)


def test_decisions_of_people_move_the_weights():
    people = census(200, seed=3)
    profiles = profiles_of(people)
    pairs = [Pair(left, right) for left, right in pairwise(profiles)]
    left = read_profile({"given_name": "Anna", "phone": "+46701740605", "surname": "Berg"})
    right = read_profile({"given_name": "Petra", "phone": "+46701740605", "surname": "Berg"})
    vector = compare(left, right)
    plain = learn(profiles, pairs, pairs, chosen_from=10_000.0, population=400, version=1)
    labelled = [*pairs, *[Pair(left, right, is_match=True)] * 50]
    same = learn(profiles, labelled, pairs, chosen_from=10_000.0, population=400, version=1)
    assert same.log_odds(vector, left, right) > plain.log_odds(vector, left, right)


@given(st.lists(st.floats(-20, 20), max_size=200), st.floats(0.6, 0.999))
def test_the_automatic_band_is_expected_to_meet_its_target(odds: list[float], target: float):
    bands = choose_bands(odds, target)
    chosen = [1 / (1 + 2.718281828459045**-each) for each in odds if each >= bands.auto]
    assert sum(chosen) >= target * len(chosen) - 1e-6 or all(each >= 0.75 - 1e-6 for each in chosen)
    assert bands.auto > bands.review


names = st.sampled_from(["anna", "peter", "kim", "", "jo"])


@settings(max_examples=200)
@given(st.tuples(names, names, names), st.tuples(names, names, names))
def test_scores_do_not_depend_on_the_side(one: tuple[str, ...], other: tuple[str, ...]):
    left, right = (
        Profile(given=given_name, surname=surname, city=city)
        for given_name, surname, city in (one, other)
    )
    forwards = MODEL.log_odds(compare(left, right), left, right)
    assert forwards == pytest.approx(MODEL.log_odds(compare(right, left), right, left))


HOUSEHOLD = ("surname", "street", "unit", "city", "postcode", "phone", "company")
AGAINST = ("given_name", "birth_date", "middle_name")
weights = st.floats(1e-6, 1.0)


@st.composite
def models_with_households(draw: st.DrawFn) -> Model:
    """Return any model that may be learned where people live together."""
    learned_weights = {
        name: Weights(
            tuple(draw(weights) for _ in field_of(name).levels),
            tuple(draw(weights) for _ in field_of(name).levels),
        )
        for name in (*HOUSEHOLD, *AGAINST)
    }
    match_prior = draw(st.floats(1e-9, 0.5))
    return Model(
        version=1,
        match_prior=match_prior,
        household_prior=match_prior * draw(st.floats(FEWEST_HOUSEHOLDS * 1.01, 100.0)),
        weights=learned_weights,
        bands=Bands(auto=draw(st.floats(1.0, 9.0))),
    )


@settings(max_examples=300)
@given(models_with_households(), st.sets(st.sampled_from(AGAINST)))
def test_what_a_household_shares_is_never_automatic_whatever_was_learned(
    model: Model, differing: set[str]
):
    vector = dict.fromkeys(HOUSEHOLD, 0) | {
        name: field_of(name).levels.index("different") for name in differing
    }
    home = Profile(
        surname="ashcroft", number="12", street="main street", unit="2", city="perth",
        postcode="6000", phones=("701740605",), others={"company": "nordlys"},
    )  # fmt: skip
    assert model.band(model.log_odds(vector, home, home)) is not Band.AUTO
    assert not model.may_be_automatic(vector, home, home)


def test_few_households_show_only_among_many_pairs():
    """A tenant of a few pairs has not learned that its people live alone."""
    few, many = (
        Model(match_prior=pairs / 1e6, household_prior=LEAST_HOUSEHOLDS / 1e6)
        for pairs in (90.0, 110.0)
    )
    assert few.has_households
    assert not many.has_households
    assert Model.unlearned(100).has_households


def test_a_model_keeps_no_values():
    """It outlives everybody whose data taught it."""
    people = census(300, seed=4)
    model, _ = learned(people)
    kept = str(model_to_json(model))
    names = {each.surname for each in profiles_of(people)}
    assert model.frequencies["surname"]
    assert not [name for name in names if name in kept]
