"""The only place where this service's objects are built."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from typing_extensions import override

from common.clock import DatabaseClock
from common.consumer import Consumer
from common.database import Database
from common.dispatch import Stream
from common.horizon import Horizon
from common.http.app import build_app
from common.http.group_commit import GroupCommit
from common.http.service_tokens import ServiceTokens
from common.maintenance import Maintenance, Retention
from common.processes import Component
from common.relay import Relay
from common.service import Service
from interactions.channels.registry import adapters
from interactions.clients.breaker import Breaker
from interactions.clients.identity import HttpIdentity, new_client
from interactions.consumers.clocks import clocks_stream
from interactions.consumers.customers import customers_stream
from interactions.consumers.inbound import TOPIC as INBOUND_TOPIC
from interactions.consumers.inbound import Inbound
from interactions.domain.interaction import ProviderKey
from interactions.events.consumed import CLOCKS_TOPIC, CUSTOMERS_TOPIC
from interactions.events.published import ConversationSnapshot
from interactions.http import changes, channels, context, conversations, interactions, timeline
from interactions.http.state import InteractionsState
from interactions.sealing import Sealer
from interactions.settings import IdentitySettings, InteractionsSettings
from interactions.store.deliveries import HELD_SINCE
from interactions.timers.attach_unresolved import AttachUnresolved
from interactions.timers.process_deliveries import ProcessDeliveries
from interactions.timers.rounds import Rounds
from interactions.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    Resolved,
)
from interactions.usecases.record_received import record_received
from interactions.usecases.resolve_contacts import Patience, Resolver

NAME = "interactions"
# Every statement has its index. A plan made while a table was small would be kept by the
# connection, and scan the table when it has grown a thousand times in the next minute.
PLANNER = {"enable_seqscan": "off"}
MIGRATIONS = Path(__file__).parents[2] / "migrations"
DAILY_TABLES = ("outbox", "inbox", "raw_delivery")
ROUTERS = (
    interactions.router,
    conversations.router,
    channels.router,
    context.router,
    timeline.router,
    changes.router,
)


@dataclass
class InteractionsService(Service):
    """The service with what only it has to close."""

    identity: HttpIdentity | None = None

    @override
    async def close(self) -> None:
        if self.identity is not None:
            await self.identity.close()
        await super().close()


def build(
    settings: InteractionsSettings, *, identity: HttpIdentity | None = None
) -> InteractionsService:
    """Return the service, connected to nothing yet; ``identity`` replaces the client it would make.

    Raises ValueError without a service key: identity would never answer us.
    """
    session = PLANNER | settings.postgres.session
    database = Database(settings.postgres.model_copy(update={"session": session}), service=NAME)
    clock = DatabaseClock(database, service=NAME)
    identity = identity or build_identity(settings)
    resolver = Resolver(database, identity)
    deliveries = Rounds(
        "timer:process_deliveries",
        ProcessDeliveries(
            database,
            resolver,
            adapters(),
            clock=clock,
            patience=_unhurried(settings.identity),
            window=settings.thread_window,
        ),
        pause_seconds=settings.poll_seconds,
    )
    state = InteractionsState(
        service=NAME,
        database=database,
        clock=clock,
        http=settings.http,
        auth=settings.auth,
        horizon=Horizon(database, "interaction_sequence"),
        identity=identity,
        resolver=resolver,
        recording=_recording(database, clock, settings.thread_window),
        patience=Patience(
            settings.identity.deadline_seconds, settings.identity.deadline_seconds_per_item
        ),
        thread_window=settings.thread_window,
        adapters=adapters(),
        sealer=Sealer(settings.sealing.keys, settings.sealing.current),
        public_base_url=settings.public_base_url,
        deliveries_stored=deliveries.wake,
    )
    streams = _streams(settings, resolver, clock)
    return InteractionsService(
        name=NAME,
        settings=settings,
        database=database,
        clock=clock,
        api=build_app(title="Threadline interactions", routers=ROUTERS, state=state),
        migrations=MIGRATIONS,
        topics=(ConversationSnapshot.topic, INBOUND_TOPIC, CUSTOMERS_TOPIC, CLOCKS_TOPIC),
        components=_components(settings, database, clock, streams, identity)
        | {deliveries.name: deliveries},
        streams=streams,
        identity=identity,
    )


def build_identity(settings: InteractionsSettings) -> HttpIdentity:
    """Return the client of the identity service."""
    if settings.auth.service_key is None:
        raise ValueError("INTERACTIONS_AUTH__SERVICE_KEY is needed to call identity")
    return HttpIdentity(
        new_client(settings.identity.base_url),
        ServiceTokens(service=NAME, key=settings.auth.service_key),
        breaker=Breaker(
            threshold=settings.identity.breaker_threshold,
            probe_seconds=settings.identity.probe_seconds,
        ),
    )


def _recording(
    database: Database, clock: DatabaseClock, window: timedelta
) -> GroupCommit[Resolved, Recorded]:
    def command(tenant_id: str, items: Sequence[Resolved]) -> RecordInteractions:
        return RecordInteractions(tenant_id, items, window)

    def names(item: Resolved) -> list[ProviderKey]:
        return [] if item.draft.provider is None else [item.draft.provider]

    return GroupCommit(database, clock, record_received, command, names=names)


def _streams(
    settings: InteractionsSettings, resolver: Resolver, clock: DatabaseClock
) -> dict[str, Stream]:
    streams = {"customers": customers_stream(), "clocks": clocks_stream()}
    if settings.inbound_tenant is not None:
        inbound = Inbound(
            resolver,
            tenant_id=settings.inbound_tenant,
            clock=clock,
            patience=_unhurried(settings.identity),
            window=settings.thread_window,
        )
        streams["inbound"] = inbound.stream()
    return streams


def _components(
    settings: InteractionsSettings,
    database: Database,
    clock: DatabaseClock,
    streams: dict[str, Stream],
    identity: HttpIdentity,
) -> dict[str, Component]:
    relay = Relay(
        database,
        settings.kafka,
        settings.relay,
        service=NAME,
        heartbeat_topics=[ConversationSnapshot.topic],
        held_since=HELD_SINCE,
    )
    maintenance = Maintenance(
        database,
        settings.relay,
        clock=clock,
        daily_tables=DAILY_TABLES,
        retention={"raw_delivery": Retention(settings.vault_days, "state <> 'processed'")},
    )
    attach = Rounds(
        "timer:attach_unresolved",
        AttachUnresolved(database, identity, clock=clock),
        pause_seconds=settings.poll_seconds,
    )
    components: dict[str, Component] = {
        relay.name: relay,
        maintenance.name: maintenance,
        attach.name: attach,
    }
    for name, stream in streams.items():
        # All draw on one pool of connections, where what comes in goes before copies.
        components[f"consumer:{name}"] = Consumer(
            database, settings.kafka, stream, clock=clock, parallel=3 if name == "inbound" else 2
        )
    return components


def _unhurried(settings: IdentitySettings) -> Patience:
    return Patience(settings.patient_deadline_seconds, 0.0)
