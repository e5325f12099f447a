"""Any order of the same changes gives the same profile."""

from hypothesis import given
from hypothesis import strategies as st

from interactions.context.domain.profiles import Identifier, Profile, ProfileChange, fold

VALUES = st.sampled_from(["+441", "+442", "+443"])
identifiers = st.builds(
    Identifier, type=st.just("phone"), value=VALUES, raw=st.sampled_from([None, "0 1", "0 2"])
)


@st.composite
def histories(draw):
    """Changes with versions 1..n and the identifiers that are there after each."""
    there, changes = {}, []
    for version in range(1, draw(st.integers(1, 8)) + 1):
        identifier = draw(identifiers)
        kind = draw(st.sampled_from(["snapshot", "added", "removed", "attributes"]))
        if kind == "snapshot":
            there[identifier.key] = identifier
            changes.append(ProfileChange(version, {"v": version}, snapshot=tuple(there.values())))
        elif kind == "added":
            there[identifier.key] = identifier
            changes.append(ProfileChange(version, added=(identifier,)))
        elif kind == "removed":
            there.pop(identifier.key, None)
            changes.append(ProfileChange(version, removed=(identifier,)))
        else:
            changes.append(ProfileChange(version, {"v": version}))
    return changes, there


@given(histories(), st.data())
def test_any_order_and_repetition_gives_the_same_profile(history, data):
    changes, there = history
    expected = fold(Profile(), changes)
    shuffled = data.draw(st.permutations(changes + changes))
    assert fold(Profile(), shuffled) == expected
    assert {entry.identifier.key for entry in expected.live()} == set(there)


def test_a_late_addition_does_not_bring_a_removed_identifier_back():
    phone = Identifier("phone", "+441")
    changes = [ProfileChange(3, removed=(phone,)), ProfileChange(2, added=(phone,))]
    assert fold(Profile(), changes).live() == ()
