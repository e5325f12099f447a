"""The comparison of examples with answers overlooks nothing that a reader would notice."""

from typing import Any

import pytest

from tests.examples.counterparts import Counterparts

ANNA, BO, FIRST, SECOND = (f"0199a1c0-6d3e-7b52-9c1f-00000000000{digit}" for digit in "1234")


def differences(*pairs: tuple[Any, Any]) -> list[str]:
    counterparts = Counterparts()
    return [found for shown, answered in pairs for found in counterparts.compare(shown, answered)]


@pytest.mark.parametrize(
    ("shown", "answered"),
    [
        ({"a": 1}, {}),
        ({}, {"a": None}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": True}, {"a": 1}),
        ({"a": ["b"]}, {"a": ["b", "c"]}),
        ({"a": [{"b": "c"}]}, {"a": [{"b": "d"}]}),
        ({"at": "2026-11-23T09:30:00.000000Z"}, {"at": "2026-11-23T09:30:00.000001Z"}),
        ({"url": f"/v1/x/{ANNA}"}, {"url": f"/v1/y/{FIRST}"}),
        ({"url": f"/v1/x/{ANNA}"}, {"url": "/v1/x/anna"}),
        ({"next": 5}, {"next": None}),
    ],
)
def test_another_value_is_a_difference(shown: Any, answered: Any):
    assert len(differences((shown, answered))) == 1


def test_an_id_of_the_story_is_one_id_of_the_services():
    assert differences(({"id": ANNA}, {"id": FIRST}), ({"to": ANNA}, {"to": FIRST})) == []
    assert differences(({"id": ANNA}, {"id": FIRST}), ({"id": ANNA}, {"id": SECOND})) != []
    assert differences(({"id": ANNA}, {"id": FIRST}), ({"id": BO}, {"id": FIRST})) != []


def test_places_in_a_feed_keep_their_order():
    def pairs(*numbers: tuple[int, int]) -> list[tuple[Any, Any]]:
        return [({"sequence": shown}, {"sequence": answered}) for shown, answered in numbers]

    assert differences(*pairs((4711, 2), (4716, 9), (4711, 2))) == []
    assert differences(*pairs((4711, 2), (4711, 3))) != []
    assert differences(*pairs((4711, 2), (4712, 2))) != []
    assert differences(*pairs((4711, 2), (4710, 9))) != []


def test_the_sequence_of_a_subject_is_compared_as_it_is():
    shown = {"clock_id": ANNA, "sequence": 2}
    assert differences((shown, shown)) == []
    assert differences((shown, shown | {"sequence": 3})) != []


def test_what_was_paired_is_translated():
    counterparts = Counterparts()
    shown, answered = {"id": ANNA, "sequence": 4711}, {"id": FIRST, "sequence": 7}
    assert list(counterparts.compare(shown, answered)) == []
    asked = {"after": 4710, "path": f"/x/{ANNA}", "ids": [ANNA, BO]}
    assert counterparts.translate(asked) == {
        "after": 6,
        "path": f"/x/{FIRST}",
        "ids": [FIRST, BO],
    }
    assert counterparts.translate({"after": 4711}) == {"after": 7}
