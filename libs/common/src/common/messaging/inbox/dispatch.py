"""A consumer's view of a topic, as data: which event types it reads, and what applies them.

Every event ends in one of three outcomes. After an exception the position stays, and the batch is
read again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from common.db import Transaction
from common.messaging.envelope import (
    HEARTBEAT_TYPE,
    Envelope,
    Received,
    Record,
    UndecodableError,
    decode,
    watermark_of,
)


@dataclass(frozen=True, slots=True)
class Applied:
    """Done, in this transaction."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Correctly without effect; ``reason`` is a short code that is counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """Stored with its reason, to be examined and replayed."""

    reason: str
    detail: str = ""


Outcome = Applied | Ignored | DeadLettered


class Apply(Protocol):
    """Apply fresh events of one partition, in order; one outcome for each."""

    def __call__(
        self, tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Awaitable[Sequence[Outcome]]: ...


Handler = Callable[..., Awaitable[Outcome]]
Decode = Callable[[Record], Received | Ignored]
Prepare = Callable[[Sequence[Received]], Awaitable[Sequence[Received]]]


@dataclass(frozen=True)
class Stream:
    """One consumer's view of one topic.

    ``consumer`` names the Kafka group and the inbox. ``decoders`` maps (type, version) to the
    consumer's own model. A topic without our envelope needs ``decode`` instead, which returns a
    Received or Ignored, or raises UndecodableError. ``prepare`` may call other services about a
    batch before its transaction opens, and returns the same events with the answers in their data.
    ``apply`` must work without it too, because a replay does not prepare.

    ``source`` is the one service that publishes the topic. Events that name another source are
    dead-lettered, and only records that name this one may carry a watermark. Headers can be forged,
    so this guards against mistakes; the broker's access rules guard against attacks.
    """

    consumer: str
    topic: str
    apply: Apply
    decoders: Mapping[tuple[str, int], type[BaseModel]] = field(default_factory=dict)
    decode: Decode | None = None
    prepare: Prepare | None = None
    source: str | None = None

    def read(self, record: Record) -> Received | Ignored:
        """Decode ``record``; raises UndecodableError, which dead-letters it."""
        if self.decode is not None:
            return self.decode(record)
        envelope, data = decode(record)
        if self.source and envelope.source not in {self.source, ""}:
            raise UndecodableError("foreign_source", "another service publishes this topic")
        if envelope.type == HEARTBEAT_TYPE:
            return Ignored("heartbeat")
        model = self.decoders.get((envelope.type, envelope.version))
        if model is None:
            return self._not_subscribed(envelope)
        return Received(envelope, _validated(model, data), record)

    def watermark(self, record: Record) -> datetime | None:
        """Return the watermark on ``record`` if its writer can know how far the topic has come."""
        if self.decode is not None:
            return None  # Writers of such a topic know only about themselves.
        if self.source and record.header("ce_source") != self.source:
            return None
        return watermark_of(record)

    def _not_subscribed(self, envelope: Envelope) -> Ignored:
        """Ignore a type that nobody needs; raise for a new version of one that is needed."""
        if any(event_type == envelope.type for event_type, _ in self.decoders):
            raise UndecodableError(
                "unknown_version", f"version {envelope.version} of {envelope.type} is not known"
            )
        return Ignored("not_subscribed")


def one_by_one(handlers: Mapping[type[BaseModel], Handler]) -> Apply:
    """Return an ``apply`` that hands each event to the handler of its model.

    For streams where batching gains nothing; a handler is ``async (tx, received, *, now)``.
    """

    async def apply(
        tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        return [await handlers[type(e.data)](tx, e, now=now) for e in events]

    return apply


def _validated(model: type[BaseModel], data: Any) -> BaseModel:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, e["loc"])) for e in error.errors(include_input=False))
        raise UndecodableError("invalid_data", f"these fields do not fit: {where}") from None
