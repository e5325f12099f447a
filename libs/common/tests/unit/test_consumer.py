"""The consuming loop's arithmetic."""

import time
from typing import Any

from common.db import wall_time
from common.messaging import Consumer
from common.messaging.inbox.consumer import BACKOFF
from common.settings import KafkaSettings
from libs.common.tests.plumbing import database, notes_stream


class Broker:
    """A reader whose one partition has ``left`` records to read."""

    left = 0

    def lag(self, _partition: int, _position: int) -> int:
        return self.left


class Wall:
    def now(self):
        return wall_time()


def test_the_back_off_of_an_outage_of_days_is_still_bounded():
    assert 15 <= BACKOFF.seconds(100_000) <= 30


def test_an_idle_hour_does_not_count_against_the_record_that_ends_it(monkeypatch):
    kafka = KafkaSettings(bootstrap="nowhere:1")
    db = database("postgresql://nobody@127.0.0.1:1/none")
    consumer, broker = Consumer(db, kafka, notes_stream("t"), clock=Wall()), Broker()
    reader: Any = broker
    consumer._reader, consumer._positions = reader, {0: 7}
    now = time.monotonic()
    consumer._heard_at = now + 3661
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600)
    assert consumer._stalled() is None
    broker.left = 1
    assert consumer._stalled() is None
    monkeypatch.setattr(time, "monotonic", lambda: now + 3661)
    assert consumer._stalled() == "there are records to read but nothing moves"
