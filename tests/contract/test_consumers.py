"""Every consumer reads every example of its topic, with the code that reads the real records."""

import pytest

from common.jsons import loads
from common.messaging import Ignored, Received, Record
from devstack.stack.credentials import load_credentials
from devstack.stack.services import NAMES, build_services
from tools.export_contracts import ROOT, name_of, published

EVENTS = published()


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory):
    services = build_services(
        dsns=dict.fromkeys(NAMES, "postgresql://nobody:x@127.0.0.1:1/none"),
        bootstrap="127.0.0.1:1",
        credentials=load_credentials(tmp_path_factory.mktemp("credentials")),
        port=1,
    )
    return [stream for service in services.all() for stream in service.streams.values()]


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_every_consumer_of_the_topic_reads_the_example(event, streams):
    value = (ROOT / "contracts" / f"{name_of(event)}.example.json").read_bytes()
    key = loads(value)["subject_id"].encode()
    for stream in streams:
        if stream.topic != event.topic:
            continue
        answer = stream.read(Record(event.topic, 0, 0, key, value))
        if (event.event_type, event.event_version) in stream.decoders:
            assert isinstance(answer, Received), stream.consumer
        else:
            assert answer == Ignored("not_subscribed"), stream.consumer


def test_nobody_waits_for_an_event_that_is_never_published(streams):
    known = {(event.event_type, event.event_version) for event in EVENTS}
    wanted = {key for stream in streams for key in stream.decoders}
    assert wanted - known == set()
