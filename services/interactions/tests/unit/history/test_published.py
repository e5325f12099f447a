"""Each published event has a valid example, and each type of change has an event."""

import pytest

from common.messaging import EventData
from interactions.history.domain.conversation import ChangeType
from interactions.history.events import published


def _subclasses(kind):
    for found in kind.__subclasses__():
        yield from _subclasses(found)
        if "event_type" in vars(found):
            yield found


EVENTS = sorted(_subclasses(published.ConversationSnapshot), key=lambda e: e.event_type)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type)
def test_the_example_fits(event):
    assert issubclass(event, EventData)
    assert (
        event.example().model_dump(mode="json")
        == event.model_config["json_schema_extra"]["examples"][0]
    )


def test_every_type_of_change_has_an_event():
    assert {e.event_type for e in EVENTS} == {f"interactions.{told.value}" for told in ChangeType}
