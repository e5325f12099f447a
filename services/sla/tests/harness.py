"""A harness for integration tests: a service with its own database, fed with events by hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx

from common.jsons import dumps, loads
from common.messaging import Envelope, Record, body_of, inbox, rfc3339
from common.messaging.envelope import headers_of
from common.messaging.inbox.batches import BatchHandler
from common.messaging.watermarks import Heartbeat
from common.service import Service
from devstack.testing.postgres import rows_of
from devstack.testing.services import api_client, running_service, service_settings
from sla.clocks.consumers.conversations import CONSUMER
from sla.clocks.events.consumed import TOPIC
from sla.clocks.timers.due_clocks import DueClocks
from sla.settings import SlaSettings
from sla.wiring import build

SCOPES = ("sla:read", "sla:admin")
POLICY = {
    "name": "Everybody",
    "position": 1,
    "targets": [
        {"metric": "first_response", "seconds": 60, "warn_at": ["50%"]},
        {"metric": "next_response", "seconds": 30},
        {"metric": "resolution", "duration": "PT8H"},
    ],
}


@asynccontextmanager
async def running(dsn: str, **more: Any) -> AsyncIterator[Service]:
    async with running_service(build(service_settings(SlaSettings, dsn, **more))) as service:
        yield service


@asynccontextmanager
async def client(
    service: Service, *, tenant: str = "demo", scopes: Sequence[str] = SCOPES
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with a new key of the tenant."""
    async with api_client(service, scopes=scopes, tenant=tenant) as api:
        yield api


def timer_of(service: Service) -> DueClocks:
    timer = service.components["timer:due_clocks"]
    assert isinstance(timer, DueClocks)
    return timer


class Conversation:
    """Makes the events of one conversation and tracks its snapshot."""

    def __init__(self, publisher: "Publisher", **snapshot: Any) -> None:
        self.id = snapshot.pop("conversation_id", None) or uuid4()
        self._publisher = publisher
        self._sequence = 0
        self.snapshot = {
            "conversation_id": str(self.id),
            "customer_id": str(uuid4()),
            "channel": "chat",
            "channel_account": "acme",
            "status": "new",
            "priority": None,
            "team": None,
            "assignee": None,
            "tags": [],
            "language": None,
            "brand": None,
            "customer_tier": None,
            "backfill": False,
            **snapshot,
        }

    def event(self, name: str, at: datetime, **data: Any) -> "Conversation":
        self._sequence += 1
        self._publisher.add(self, f"interactions.{name}", at, self._sequence, data)
        return self

    def opened(self, at: datetime, by: str = "customer") -> "Conversation":
        return self.event("conversation.opened", at, subject=None, opened_by=by)

    def customer(self, at: datetime) -> "Conversation":
        return self._message(at, "inbound", "customer")

    def agent(self, at: datetime) -> "Conversation":
        return self._message(at, "outbound", "agent")

    def status(self, name: str, at: datetime, status: str) -> "Conversation":
        self.snapshot["status"] = status
        return self.event(f"conversation.{name}", at, previous_status=None, actor_type="agent")

    def _message(self, at: datetime, direction: str, author: str) -> "Conversation":
        return self.event(
            "interaction.recorded",
            at,
            interaction_id=str(uuid4()),
            kind="message",
            direction=direction,
            author_type=author,
            private=False,
            automated=False,
        )


class Event(NamedTuple):
    envelope: Envelope
    body: dict[str, Any]

    def with_new_id(self) -> "Event":
        event_id = str(uuid4())
        return Event(self.envelope._replace(id=event_id), {**self.body, "id": event_id})


class Publisher:
    """Plays the interactions service: its events are consumed as records of one partition."""

    def __init__(self, service: Service, tenant: str = "demo", partition: int = 0) -> None:
        self._service = service
        self._tenant = tenant
        self._partition = partition
        self._handler = BatchHandler(service.database, service.streams[CONSUMER], service.clock)
        self._offset: int | None = None
        self.waiting: list[Event] = []

    def conversation(self, **snapshot: Any) -> Conversation:
        return Conversation(self, **snapshot)

    def add(
        self, owner: Conversation, kind: str, at: datetime, sequence: int, data: dict[str, Any]
    ) -> None:
        envelope = Envelope(
            id=str(uuid4()),
            source="/threadline/interactions",
            type=kind,
            version=1,
            tenant_id=self._tenant,
            occurred_at=at,
            recorded_at=self._service.clock.now(),
            sequence=sequence,
            subject_id=str(owner.id),
            key=str(owner.id),
        )
        self.waiting.append(Event(envelope, body_of(envelope, {**owner.snapshot, **data})))

    async def send(self, *, watermark: datetime | None = None) -> None:
        """Consume all waiting events as one batch."""
        await self.consume(self.records(watermark=watermark))

    def records(self, *, watermark: datetime | None = None) -> list[Record]:
        """Return all waiting events as records."""
        records = [self._record(event, watermark) for event in self.waiting]
        self.waiting = []
        return records

    async def send_heartbeat(self, watermark: datetime) -> None:
        """Consume a heartbeat that speaks for all that was consumed before."""
        await self._next_offset()
        await self._service.database.execute_once(
            inbox.raise_watermarks, CONSUMER, [self.heartbeat(watermark)]
        )

    def heartbeat(self, watermark: datetime) -> Heartbeat:
        """Return a heartbeat that speaks for what was consumed here."""
        return Heartbeat(TOPIC, self._partition, self._offset or 0, watermark)

    def _record(self, event: Event, watermark: datetime | None) -> Record:
        headers = headers_of(event.envelope)
        if watermark is not None:
            headers["watermark"] = rfc3339(watermark)
        encoded = [(name, value.encode()) for name, value in headers.items()]
        key = event.envelope.key.encode()
        return Record(TOPIC, self._partition, 0, key, dumps(event.body), encoded)

    async def consume(self, records: Sequence[Record]) -> None:
        """Consume records at the next offsets of the partition."""
        offset = await self._next_offset()
        placed = [
            Record(r.topic, r.partition, offset + n, r.key, r.value, r.headers)
            for n, r in enumerate(records)
        ]
        self._offset = await self._handler.handle(offset, placed)

    async def _next_offset(self) -> int:
        if self._offset is None:
            positions = await self._service.database.run(
                inbox.ensure_positions, CONSUMER, TOPIC, {self._partition: 0}
            )
            self._offset = positions.get(self._partition, 0)
        return self._offset


class Desk:
    """Reads what the service stored and published."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def now(self, seconds: float = 0.0) -> datetime:
        return self.service.clock.now() + timedelta(seconds=seconds)

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        return await rows_of(self.service.database, statement, **parameters)

    async def events(self, conversation_id: UUID | None = None) -> list[dict[str, Any]]:
        """Return the events in the outbox, oldest first."""
        rows = await self.rows("SELECT payload, aggregateid FROM outbox ORDER BY position")
        return [
            loads(row.payload)
            for row in rows
            if conversation_id is None or row.aggregateid == str(conversation_id)
        ]

    async def event_names(self, metric: str) -> list[str]:
        """Return the short types of a metric's events."""
        return [
            e["type"].rpartition(".")[2]
            for e in await self.events()
            if e["data"]["metric"] == metric
        ]
