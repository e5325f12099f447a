"""Events that could not be handled: stored with their reason, listed, and replayed.

The row and the event on ``<topic>.dead`` are one write, through the outbox.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text

from common.db import ReadConnection, Transaction
from common.errors import ConflictError, NotFoundError
from common.ids import new_id
from common.jsons import dumps, dumps_text
from common.messaging import outbox
from common.messaging.envelope import EventData, Record, UndecodableError, source_of
from common.messaging.inbox import claims
from common.messaging.inbox.dispatch import DeadLettered, Ignored, Stream

_INSERT = text(
    """
    INSERT INTO dead_letter (dead_letter_id, consumer, topic, partition, record_offset, record_key,
                             record_value, headers, reason, detail, attempts)
    VALUES (:dead_letter_id, :consumer, :topic, :partition, :record_offset, :record_key,
            :record_value, cast(:headers AS jsonb), :reason, :detail, :attempts)
    ON CONFLICT (consumer, topic, partition, record_offset) DO NOTHING
    """
)
_LIST = text(
    """
    SELECT dead_letter_id, topic, partition, record_offset, reason, detail, attempts, created_at
    FROM dead_letter WHERE consumer = :consumer AND replayed_at IS NULL
    ORDER BY created_at LIMIT :limit
    """
)
_COUNT_WAITING = text(
    """
    SELECT consumer, count(*) AS number FROM (
        SELECT consumer FROM dead_letter WHERE replayed_at IS NULL LIMIT 10000
    ) AS waiting
    GROUP BY consumer
    """
)
_LOCK = text(
    """
    SELECT topic, partition, record_offset, record_key, record_value, headers, replayed_at
    FROM dead_letter WHERE dead_letter_id = :dead_letter_id AND consumer = :consumer FOR UPDATE
    """
)
_REPLAYED = text(
    "UPDATE dead_letter SET replayed_at = clock_timestamp() WHERE dead_letter_id = :dead_letter_id"
)


class DeadLetterV1(EventData):
    """The event on ``<topic>.dead``: the record as it came, and why it was dead-lettered."""

    event_type: ClassVar[str] = "threadline.dead_letter"
    topic: ClassVar[str] = "threadline.dead"

    dead_letter_id: UUID
    consumer: str
    reason: str
    detail: str
    attempts: int
    original_topic: str
    original_partition: int
    original_offset: int
    original_headers: dict[str, str]
    key_base64: str | None
    value_base64: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A dead letter without its content, which may hold personal data."""

    dead_letter_id: UUID
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    attempts: int
    created_at: datetime


async def put(
    tx: Transaction,
    record: Record,
    why: DeadLettered,
    *,
    consumer: str,
    service: str,
    attempts: int,
    now: datetime,
) -> None:
    """Store the record and its reason, and publish both on ``<topic>.dead`` under the same key."""
    letter_id = new_id()
    headers = _headers(record)
    result = await tx.execute(
        _INSERT,
        {
            "dead_letter_id": letter_id,
            "consumer": consumer,
            "topic": record.topic,
            "partition": record.partition,
            "record_offset": record.offset,
            "record_key": record.key,
            "record_value": record.value,
            "headers": dumps_text(headers),
            "reason": why.reason,
            "detail": _plain(why.detail)[:_MAX_TEXT],
            "attempts": attempts,
        },
    )
    if result.rowcount == 0:
        return
    event = DeadLetterV1(
        dead_letter_id=letter_id,
        consumer=consumer,
        reason=why.reason,
        detail=_plain(why.detail)[:_MAX_TEXT],
        attempts=attempts,
        original_topic=record.topic,
        original_partition=record.partition,
        original_offset=record.offset,
        original_headers=_first(headers),
        key_base64=_base64(record.key[:_MAX_KEY] if record.key else record.key),
        value_base64=_base64(record.value[:_MAX_VALUE] if record.value else None),
    )
    outgoing = outbox.OutboxEvent(
        data=event,
        tenant_id=(record.header("ce_tenantid") or "-")[:_MAX_TEXT],
        key=_plain((record.key or b"")[:_MAX_KEY].decode(errors="replace")),
        subject_id=str(letter_id),
        sequence=1,
        occurred_at=now,
        now=now,
        topic=f"{record.topic}.dead",
        source=source_of(service),
    )
    await outbox.record(tx, [outgoing])


_MAX_VALUE, _MAX_HEADERS, _MAX_KEY, _MAX_TEXT = 600_000, 50_000, 4_000, 1_000
"""Longer content is cut in the event, so that it can always be published (Base64 makes value and
key a third longer). The row keeps value, key and headers whole."""


async def list_open(
    connection: ReadConnection, consumer: str, *, limit: int = 100
) -> Sequence[Summary]:
    """Return a consumer's dead letters that have not been replayed, oldest first."""
    result = await connection.execute(_LIST, {"consumer": consumer, "limit": limit})
    return [Summary(*row) for row in result]


async def count_waiting(connection: ReadConnection) -> dict[str, int]:
    """Return how many dead letters of each consumer were not replayed, up to 10,000 in all."""
    rows = await connection.execute(_COUNT_WAITING)
    return {row.consumer: row.number for row in rows}


async def replay(tx: Transaction, stream: Stream, letter_id: UUID, *, now: datetime) -> str:
    """Apply a dead letter again, in this transaction; return its outcome as a word.

    Its inbox row stays, so a copy that arrives later is a duplicate. Raises NotFoundError,
    ConflictError when the letter has been replayed or fails again, and any error of the stream's
    use case.
    """
    result = await tx.execute(_LOCK, {"dead_letter_id": letter_id, "consumer": stream.consumer})
    row = result.one_or_none()
    if row is None:
        raise NotFoundError("dead letter not found")
    if row.replayed_at is not None:
        raise ConflictError("the dead letter has already been replayed")
    outcome = await _apply(tx, stream, _record_of(row), now=now)
    await tx.execute(_REPLAYED, {"dead_letter_id": letter_id})
    return outcome


async def skip(
    tx: Transaction,
    stream: Stream,
    partition: int,
    *,
    at: int,
    to: int,
    service: str,
    now: datetime,
) -> None:
    """Move a partition from offset ``at`` to ``to`` unread, and record that as a dead letter.

    For records that are lost, or that stop every consumer. A running consumer is fenced and goes on
    from ``to``. Raises ConflictError when the partition does not stand at ``at``.
    """
    step = claims.Progress(stream.consumer, stream.topic, partition, at, to, watermark=None)
    try:
        await claims.move(tx, step)
    except claims.FencedError:
        raise ConflictError(f"the partition is not at offset {at}; see `progress list`") from None
    await put(
        tx,
        Record(stream.topic, partition, at, key=None, value=None),
        DeadLettered("skipped", f"an operator skipped {to - at} offsets, up to {to - 1}"),
        consumer=stream.consumer,
        service=service,
        attempts=0,
        now=now,
    )


async def _apply(tx: Transaction, stream: Stream, record: Record, *, now: datetime) -> str:
    try:
        read = stream.read(record)
    except UndecodableError as error:
        raise ConflictError(f"still cannot be decoded: {error.detail}") from None
    if isinstance(read, Ignored):
        return f"ignored: {read.reason}"
    (outcome,) = await stream.apply(tx, [read], now=now)
    if isinstance(outcome, DeadLettered):
        raise ConflictError(f"still fails: {outcome.reason}")
    return f"ignored: {outcome.reason}" if isinstance(outcome, Ignored) else "applied"


def _record_of(row: Any) -> Record:
    headers = [(name, value.encode()) for name, value in row.headers.items()]
    value = bytes(row.record_value) if row.record_value is not None else None
    key = bytes(row.record_key) if row.record_key is not None else None
    return Record(row.topic, row.partition, row.record_offset, key, value, headers)


def _headers(record: Record) -> dict[str, str]:
    """Return the headers as text."""
    return {
        _plain(name): _plain((value or b"").decode(errors="replace"))
        for name, value in record.headers
    }


def _first(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the first headers, as many as fit into the event."""
    sizes = accumulate(len(dumps(pair)) for pair in headers.items())
    return {
        name: value
        for (name, value), size in zip(headers.items(), sizes, strict=True)
        if size <= _MAX_HEADERS
    }


def _plain(text: str) -> str:
    """Return ``text`` without NUL, which Postgres refuses."""
    return text.replace("\0", "\ufffd")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
