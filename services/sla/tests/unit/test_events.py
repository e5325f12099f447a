"""What we publish has an example of itself that is true to its own shape."""

import pytest

from sla.clocks.events.published import PUBLISHED


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda e: e.event_type)
def test_the_example_comes_back_as_it_was(event):
    written = event.model_config["json_schema_extra"]["examples"][0]
    assert event.example().model_dump(mode="json") == written


def test_every_type_is_told_once():
    assert len({e.event_type for e in PUBLISHED}) == len(PUBLISHED)
