"""Each published event has a valid example, and each type of change has an event."""

from uuid import uuid4

import pytest

from common.messaging import EventData
from interactions.history.domain.conversation import Change, ChangeType, Conversation, Status
from interactions.history.events import published
from interactions.history.events.announcing import event_of
from services.interactions.tests.factories import NOON


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


@pytest.mark.parametrize("change_type", sorted(set(ChangeType) - {ChangeType.RECORDED}))
def test_each_change_fills_its_event(change_type):
    change = Change(
        type=change_type,
        conversation=Conversation(uuid4(), "sms", opened_at=NOON, last_activity_at=NOON),
        occurred_at=NOON,
        actor_type="agent",
        previous_status=Status.OPEN,
        interaction_id=uuid4(),
    )
    event = event_of("demo", change, sequence=1, placed=None, now=NOON)
    assert event.data.event_type == f"interactions.{change_type}"
