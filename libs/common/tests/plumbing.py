"""What the tests of the shared plumbing build: a database, a toy event, a toy stream."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db import Database, ReadConnection, Transaction
from common.messaging import Applied, ConsumedData, EventData, Outcome, Received, Stream, outbox
from common.settings import PostgresSettings

TENANT = "demo"


class NoteTakenV1(EventData):
    event_type: ClassVar[str] = "notes.note.taken"
    topic: ClassVar[str] = "notes.notes"

    note: str


class NoteTaken(ConsumedData):
    note: str


def database(dsn: str, *, service: str = "notes", **settings: object) -> Database:
    return Database(
        PostgresSettings.model_validate({"dsn": SecretStr(dsn), **settings}), service=service
    )


async def take_notes(
    tx: AsyncConnection,
    notes: Sequence[str],
    *,
    now: datetime,
    key: str = "book",
    topic: str | None = None,
    first: int = 1,
) -> None:
    events = [
        outbox.OutboxEvent(
            data=NoteTakenV1(note=note),
            tenant_id=TENANT,
            key=key,
            subject_id=key,
            sequence=first + place,
            occurred_at=now,
            now=now,
            topic=topic,
        )
        for place, note in enumerate(notes)
    ]
    await outbox.record(Transaction(ReadConnection(tx)), events)


async def keep_notes(
    tx: Transaction, events: Sequence[Received], /, *, now: datetime
) -> Sequence[Outcome]:
    """Store what was read, in order, in a table of the test's own."""
    for event in events:
        if event.data.note == "poison":
            raise RuntimeError("poison")
        await tx.execute(
            text("INSERT INTO kept (note, part) VALUES (:note, :part)"),
            {"note": event.data.note, "part": event.partition},
        )
    return [Applied() for _ in events]


def notes_stream(topic: str, *, consumer: str = "notes.keeper") -> Stream:
    return Stream(
        consumer=consumer,
        topic=topic,
        apply=keep_notes,
        decoders={(NoteTakenV1.event_type, 1): NoteTaken},
    )


async def make_kept(connection: AsyncConnection) -> None:
    await connection.execute(
        text("CREATE TABLE kept (place bigserial PRIMARY KEY, note text, part int)")
    )


async def kept(connection: AsyncConnection) -> list[str]:
    result = await connection.execute(text("SELECT note FROM kept ORDER BY place"))
    return list(result.scalars())


async def scalar(connection: AsyncConnection, statement: str) -> object:
    return (await connection.execute(text(statement))).scalar_one_or_none()
