"""Bulk input: a topic whose records have the body of ``POST /v1/interactions``.

The tenant comes from the configuration of the topic, never from a record.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from common.db import Clock, Transaction
from common.errors import InvalidError, MalformedError, ServiceError
from common.jsons import Limits, field_errors, parse
from common.messaging import (
    Applied,
    DeadLettered,
    Envelope,
    Ignored,
    Outcome,
    Received,
    Record,
    Stream,
    UndecodableError,
)
from common.telemetry import well_formed
from interactions.history.domain.contact import Contact, bounded_key
from interactions.history.domain.interaction import Draft
from interactions.history.inbound_message import InteractionRequest
from interactions.history.usecases.record_interactions import RecordInteractions, Resolved
from interactions.history.usecases.record_received import record_received
from interactions.history.usecases.resolve_contacts import Deadline, Resolver, SenderErasedError

CONSUMER = "interactions.inbound"
TOPIC = "interactions.inbound"
TYPE = "interactions.inbound"
_MAX_LISTED = 20

UNTIMED = datetime(2000, 1, 1, tzinfo=UTC)
"""The time of a record without one: a constant, so that a redelivered record looks the same."""


class Inbound:
    """Builds the stream of one tenant's inbound topic."""

    def __init__(
        self,
        resolver: Resolver,
        *,
        tenant_id: str,
        clock: Clock,
        deadline: Deadline,
        window: timedelta,
        default_region: str | None = None,
        topic: str = TOPIC,
    ) -> None:
        self._resolver = resolver
        self._tenant_id = tenant_id
        self._clock = clock
        self._deadline = deadline
        self._window = window
        self._default_region = default_region
        self._topic = topic

    def stream(self) -> Stream:
        return Stream(
            CONSUMER, self._topic, self._apply, decode=self._decode, prepare=self._prepare
        )

    def _decode(self, record: Record) -> Received | Ignored:
        if not record.value:
            raise UndecodableError("empty", "the record has no value")
        try:
            document = parse(record.value, Limits())
            request = InteractionRequest.model_validate_json(record.value)
        except ValidationError as error:
            listed = field_errors(error, document, InteractionRequest, limit=_MAX_LISTED, hints=0)
            pointers = ", ".join(each.pointer for each in listed)
            raise UndecodableError("invalid_data", f"invalid fields: {pointers}") from None
        except MalformedError as error:
            raise UndecodableError("not_json", error.detail) from None
        except InvalidError as error:
            raise UndecodableError("invalid_data", error.detail) from None
        draft = request.draft(received_at=self._clock.now(), default_region=self._default_region)
        return Received(self._envelope(record, draft), Resolved(draft, Contact()), record)

    def _envelope(self, record: Record, draft: Draft) -> Envelope:
        stated = _time(record.header("ce_time")) or draft.occurred_at or UNTIMED
        return Envelope(
            id=_identity(record),
            source=bounded_key(_clean(record.header("ce_source")) or f"kafka:{record.topic}"),
            type=TYPE,
            version=1,
            tenant_id=self._tenant_id,
            occurred_at=stated,
            recorded_at=stated,
            sequence=0,
            subject_id="-",
            key=(record.key or b"").decode("utf-8", "replace"),
            traceparent=well_formed(
                record.header("ce_traceparent") or record.header("traceparent")
            ),
        )

    async def _prepare(self, events: Sequence[Received]) -> Sequence[Received]:
        """Resolve the contacts of the batch before its transaction opens."""
        drafts = [event.data.draft for event in events]
        results = await self._resolver.resolve(self._tenant_id, drafts, deadline=self._deadline)
        return [Received(e.envelope, r, e.record) for e, r in zip(events, results, strict=True)]

    async def _apply(
        self, tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        resolved = [event.data for event in events if isinstance(event.data, Resolved)]
        command = RecordInteractions(self._tenant_id, resolved, self._window)
        answers = iter(await record_received(tx, command, now=now))
        return [
            _outcome(e.data if isinstance(e.data, ServiceError) else next(answers)) for e in events
        ]


def _outcome(answer: object) -> Outcome:
    if isinstance(answer, SenderErasedError):
        return Ignored("sender_erased")
    if isinstance(answer, ServiceError):
        pointers = ", ".join(error.pointer for error in answer.errors)
        return DeadLettered(answer.kind.value, f"{answer.detail}: {pointers}".removesuffix(": "))
    return Ignored("duplicate") if getattr(answer, "duplicate", False) else Applied()


def _identity(record: Record) -> str:
    """Return the event's id: the sender's own if there is one, else the record's position.

    Two events with the same message are recognised later, by the provider's key.
    """
    if stated := _clean(record.header("ce_id")):
        return bounded_key(stated)
    return f"{record.topic}/{record.partition}/{record.offset}"


def _clean(stated: str | None) -> str | None:
    """Return the header, or None if it is empty or cannot be stored."""
    return stated if stated and "\0" not in stated else None


def _time(stated: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(stated or "")
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None
