"""Each published event has an example that matches its own schema."""

import pytest

from sla.clocks.events.published import PUBLISHED


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda e: e.event_type)
def test_the_example_survives_a_round_trip(event):
    written = event.model_config["json_schema_extra"]["examples"][0]
    assert event.example().model_dump(mode="json") == written


def test_every_type_has_one_class():
    assert len({e.event_type for e in PUBLISHED}) == len(PUBLISHED)
