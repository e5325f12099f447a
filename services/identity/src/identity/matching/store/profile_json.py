"""Profiles and models as JSON and back: the columns of their rows."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from identity.matching.domain.model import Bands, Model, Weights
from identity.matching.domain.profiles import Profile

_PROFILE = tuple(field.name for field in fields(Profile))
_SEVERAL = ("emails", "phones")


def profile_to_json(profile: Profile) -> dict[str, Any]:
    """Return the values that are there."""
    return {name: value for name in _PROFILE if (value := getattr(profile, name))}


def profile_from_json(members: Mapping[str, Any]) -> Profile:
    values = dict(members)
    for name in _SEVERAL:
        if name in values:
            values[name] = tuple(values[name])
    return Profile(**values)


def model_to_json(model: Model) -> dict[str, Any]:
    return {
        "population": model.population,
        "match_prior": model.match_prior,
        "household_prior": model.household_prior,
        "weights": {
            name: {"matches": weights.matches, "strangers": weights.strangers}
            for name, weights in model.weights.items()
        },
        "frequencies": model.frequencies,
        "sharing": model.sharing,
        "bands": {"auto": model.bands.auto, "review": model.bands.review},
    }


def model_from_json(version: int, members: Mapping[str, Any]) -> Model:
    weights = {
        name: Weights(tuple(each["matches"]), tuple(each["strangers"]))
        for name, each in members["weights"].items()
    }
    return Model(
        version=version,
        population=members["population"],
        match_prior=members["match_prior"],
        household_prior=members["household_prior"],
        weights=weights,
        frequencies=members["frequencies"],
        sharing=members["sharing"],
        bands=Bands(**members["bands"]),
    )
