"""A consumer of notes, and who sends them."""

from aiokafka import AIOKafkaProducer

from common.db import DatabaseClock, wall_time
from common.ids import new_id
from common.jsons import dumps
from common.messaging import Consumer, Envelope, body_of, source_of
from common.messaging.envelope import headers_of
from common.settings import KafkaSettings
from libs.common.tests.plumbing import kept


def consumer(db, bootstrap, stream, **options):
    clock = DatabaseClock(db, service="notes")
    return Consumer(db, KafkaSettings(bootstrap=bootstrap), stream, clock=clock, **options)


def note_record(note: str, *, event_id: str | None = None, sequence: int = 1):
    """Return the value and headers of a note as our relay would send it."""
    now = wall_time()
    envelope = Envelope(
        id=event_id or str(new_id()), source=source_of("notes"), type="notes.note.taken", version=1,
        tenant_id="demo", occurred_at=now, recorded_at=now, sequence=sequence, subject_id="book",
        key="book",
    )  # fmt: skip
    headers = [(k, v.encode()) for k, v in headers_of(envelope).items()]
    return dumps(body_of(envelope, {"note": note})), headers


class Sending:
    """A producer for one topic, and its first partition unless told otherwise."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._client = AIOKafkaProducer(bootstrap_servers=bootstrap)
        self._topic = topic

    async def __aenter__(self):
        await self._client.start()
        return self

    async def __aexit__(self, *_):
        await self._client.stop()

    async def note(self, note: str, *, partition: int = 0, **options) -> None:
        value, headers = note_record(note, **options)
        await self.raw(value, headers, partition=partition)

    async def raw(self, value: bytes | None, headers=(), *, partition: int = 0) -> None:
        await self._client.send_and_wait(
            self._topic, value, key=b"book", partition=partition, headers=list(headers)
        )


async def kept_is(db, expected):
    return await db.read(kept) == expected
