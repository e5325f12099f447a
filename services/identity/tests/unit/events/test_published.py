import pytest

from common.jsons import dumps, loads
from identity.events.published import CANDIDATES_TOPIC, PUBLISHED, TOPIC


@pytest.mark.parametrize("event", PUBLISHED)
def test_each_event_serialises_its_own_example(event):
    example = event.model_config["json_schema_extra"]["examples"][0]
    assert loads(dumps(event.example().model_dump())) == example
    assert event.event_type.startswith("identity.")
    is_candidate = event.event_type.startswith("identity.candidate.")
    assert event.topic == (CANDIDATES_TOPIC if is_candidate else TOPIC)
    assert event.model_json_schema(mode="serialization")["examples"] == [example]
