"""The form of every event: CloudEvents 1.0 in Kafka's binary mode, around a self-contained body.

The body starts with flat fields that suit table columns (``id, type, version, tenant_id,
occurred_at, recorded_at, sequence, subject_id, test``), followed by ``data``. The ``ce_`` headers
repeat them: sinks that drop headers and sinks that read only headers both get the whole event.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from common.jsons import Encoded, loads
from common.telemetry import well_formed

HEARTBEAT_TYPE = "threadline.heartbeat"
"""What relays before version 0.3 sent to topics of events, where it may still stand: a record that
carries only a watermark."""

WATERMARK_HEADER = "watermark"

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON spells it, which no text column can hold. After an even number of backslashes."""

_SOURCES = "/threadline/"

_MAX_TEXT = 512
"""Ids, types and sources are indexed, and Postgres limits an index entry to some 2,700 bytes."""


class EventData(BaseModel):
    """Base of published events: strict, frozen, with the type and topic on the class.

    ``json_schema_extra={"examples": [...]}`` on the class gives the example that is published in
    ``contracts/`` and that every consumer's test reads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_type: ClassVar[str]
    event_version: ClassVar[int] = 1
    topic: ClassVar[str]

    @classmethod
    def example(cls) -> Self:
        """Return the first example of the class's schema as an instance."""
        extra = cls.model_config.get("json_schema_extra")
        if not isinstance(extra, dict):
            raise TypeError(f"{cls.__name__} gives no example")
        examples: Any = extra["examples"]
        return cls.model_validate(examples[0])


class ConsumedData(BaseModel):
    """Base of a consumer's own copy of an event: only the fields it needs, the rest ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record as it was polled."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()

    def header(self, name: str) -> str | None:
        """Return the last value of a header as text, or None if it is not UTF-8 or contains NUL."""
        for header, value in reversed(self.headers):
            if header == name and value is not None:
                try:
                    return None if b"\0" in value else value.decode()
                except UnicodeDecodeError:
                    return None
        return None


class Envelope(NamedTuple):
    """What every event has around its data. Times are aware and in UTC."""

    id: str
    source: str
    type: str
    version: int
    tenant_id: str
    occurred_at: datetime
    recorded_at: datetime
    sequence: int
    subject_id: str
    key: str
    test: bool = False
    traceparent: str | None = None
    watermark: datetime | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """An event on its way to a handler; ``data`` is the consumer's own model of it."""

    envelope: Envelope
    data: Any
    record: Record

    @property
    def partition(self) -> int:
        return self.record.partition


class UndecodableError(Exception):
    """A record that is not one of our events. ``reason`` is a code; ``detail`` quotes nothing."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def source_of(service: str) -> str:
    """Return the CloudEvents source of a service; with the id it is the event's identity."""
    return f"{_SOURCES}{service}"


def service_of(source: str) -> str:
    """Return the service whose CloudEvents source this is."""
    return source.removeprefix(_SOURCES)


@lru_cache(maxsize=1024)
def rfc3339(time: datetime) -> str:
    """Return ``time`` in UTC with six digits of microseconds and ``Z``.

    Cached, because all events of a batch repeat the same few times, each of them twice.
    """
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return f"{utc.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def body_of(envelope: Envelope, data: Mapping[str, Any] | Encoded) -> dict[str, Any]:
    """Return the self-contained JSON body of an event."""
    return {
        "id": envelope.id,
        "type": envelope.type,
        "version": envelope.version,
        "tenant_id": envelope.tenant_id,
        "occurred_at": rfc3339(envelope.occurred_at),
        "recorded_at": rfc3339(envelope.recorded_at),
        "sequence": envelope.sequence,
        "subject_id": envelope.subject_id,
        "test": envelope.test,
        "data": data,
    }


def headers_of(envelope: Envelope) -> dict[str, str]:
    """Return the CloudEvents headers of an event: short, printable, and unlike JSON."""
    headers = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": envelope.id,
        "ce_source": envelope.source,
        "ce_type": envelope.type,
        "ce_dataversion": str(envelope.version),
        "ce_time": rfc3339(envelope.occurred_at),
        "ce_recordedtime": rfc3339(envelope.recorded_at),
        "ce_subject": envelope.subject_id,
        "ce_sequence": str(envelope.sequence),
        "ce_partitionkey": envelope.key,
        "ce_tenantid": envelope.tenant_id,
    }
    if envelope.traceparent:
        headers["ce_traceparent"] = envelope.traceparent
    return headers


def decode(record: Record) -> tuple[Envelope, Any]:
    """Return the envelope and the undecoded ``data`` of a record.

    Raises UndecodableError when there is no body, it is not JSON, or a field is missing or wrong.
    """
    if not record.value:
        raise UndecodableError("empty", "the record has no value")
    try:
        body = loads(record.value)
    except ValueError:
        raise UndecodableError("not_json", "the value is not JSON") from None
    if not isinstance(body, dict):
        raise UndecodableError("not_an_event", "the value is not a JSON object")
    try:
        envelope, data = _envelope(record, body), body["data"]
    except KeyError as error:
        raise UndecodableError("missing_field", f"the body has no {error.args[0]}") from None
    except (TypeError, ValueError, AttributeError):
        raise UndecodableError("wrong_field", "a field of the envelope has a wrong type") from None
    if _NUL.search(record.value):
        raise UndecodableError("invalid_data", "the value contains U+0000")
    return envelope, data


def watermark_of(record: Record) -> datetime | None:
    """Return the watermark stamped on a record; an unreadable one counts as absent."""
    text = record.header(WATERMARK_HEADER)
    try:
        return _time(text) if text else None
    except ValueError:
        return None


def _envelope(record: Record, body: Mapping[str, Any]) -> Envelope:
    return Envelope(
        id=_text(body["id"]),
        source=_short(record.header("ce_source") or ""),
        type=_text(body["type"]),
        version=_integer(body["version"]),
        tenant_id=_text(body["tenant_id"]),
        occurred_at=_time(body["occurred_at"]),
        recorded_at=_time(body["recorded_at"]),
        sequence=_integer(body["sequence"]),
        subject_id=_text(body["subject_id"]),
        key=record.key.decode() if record.key else "",
        test=body.get("test") is True,
        traceparent=well_formed(record.header("ce_traceparent")),
        watermark=watermark_of(record),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise TypeError("not a text")
    return _short(value)


def _short(value: str) -> str:
    if len(value) > _MAX_TEXT:
        raise ValueError("too long")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value


def _time(value: str) -> datetime:
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
