import pytest

from common.jsons import dumps, loads
from identity.groups.events import published

EVENTS = [
    published.GroupCreatedV1,
    published.GroupUpdatedV1,
    published.GroupRemovedV1,
    published.GroupMemberAddedV1,
    published.GroupMemberRemovedV1,
]


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_serialises_its_own_example(event):
    example = event.model_config["json_schema_extra"]["examples"][0]
    assert loads(dumps(event.example().model_dump(mode="json"))) == example
    assert event.event_type.startswith("identity.group.")
    assert event.topic == "identity.groups"
