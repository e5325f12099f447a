"""Builds the history: what records interactions, and what finds out later whose they are."""

from collections.abc import Sequence

from common.messaging import Consumer
from common.runtime import drain
from common.service import Foundation, Part
from common.web.auth import ServiceTokens
from common.web.writes import GroupCommit
from interactions.history.clients.breaker import Breaker
from interactions.history.clients.identity import HttpIdentity, new_client
from interactions.history.consumers.inbound import TOPIC as INBOUND_TOPIC
from interactions.history.consumers.inbound import Inbound
from interactions.history.domain.interaction import ProviderKey
from interactions.history.events.published import ConversationSnapshot
from interactions.history.http import conversations, interactions
from interactions.history.http.state import HistoryState
from interactions.history.timers.attach_unresolved import AttachUnresolved
from interactions.history.usecases.record_interactions import (
    Recorded,
    RecordInteractions,
    Resolved,
)
from interactions.history.usecases.record_received import record_received
from interactions.history.usecases.resolve_contacts import Deadline, Resolver
from interactions.settings import InteractionsSettings


def build_history(
    foundation: Foundation,
    settings: InteractionsSettings,
    *,
    identity: HttpIdentity,
    resolver: Resolver,
) -> Part:
    """Return the part that records what happened."""
    attach = drain(
        "timer:attach_unresolved",
        AttachUnresolved(foundation.database, identity, clock=foundation.clock),
        pause_seconds=settings.poll_seconds,
    )
    inbound = _inbound(foundation, settings, resolver)
    return Part(
        routers=[interactions.router, conversations.router],
        state=HistoryState(
            resolver=resolver,
            recording=_recording(foundation, settings),
            deadline=Deadline(
                settings.identity.deadline_seconds, settings.identity.deadline_seconds_per_item
            ),
            thread_window=settings.thread_window,
            default_region=settings.default_region,
        ),
        components=[attach, *inbound.components],
        streams=inbound.streams,
        topics=[ConversationSnapshot.topic, INBOUND_TOPIC],
        heartbeat_topics=[ConversationSnapshot.topic],
        prompt_on_request=True,
        close=identity.close,
    )


def build_identity(settings: InteractionsSettings) -> HttpIdentity:
    """Return the client of the identity service.

    Raises ValueError without a service key: identity would never answer us.
    """
    if settings.auth.service_key is None:
        raise ValueError("INTERACTIONS_AUTH__SERVICE_KEY is needed to call identity")
    return HttpIdentity(
        new_client(settings.identity.base_url),
        ServiceTokens(service="interactions", key=settings.auth.service_key),
        breaker=Breaker(
            threshold=settings.identity.breaker_threshold,
            probe_seconds=settings.identity.probe_seconds,
        ),
    )


def _recording(
    foundation: Foundation, settings: InteractionsSettings
) -> GroupCommit[Resolved, Recorded]:
    window = settings.thread_window

    def command(tenant_id: str, items: Sequence[Resolved]) -> RecordInteractions:
        return RecordInteractions(tenant_id, items, window)

    def names(item: Resolved) -> list[ProviderKey]:
        return [] if item.draft.provider is None else [item.draft.provider]

    return GroupCommit(foundation.database, foundation.clock, record_received, command, names=names)


def _inbound(foundation: Foundation, settings: InteractionsSettings, resolver: Resolver) -> Part:
    """Return what consumes ``interactions.inbound``, for the tenant that the settings name."""
    if settings.inbound_tenant is None:
        return Part()
    stream = Inbound(
        resolver,
        tenant_id=settings.inbound_tenant,
        clock=foundation.clock,
        deadline=Deadline(settings.identity.patient_deadline_seconds, 0.0),
        window=settings.thread_window,
        default_region=settings.default_region,
    ).stream()
    # All consumers draw on one pool of connections, where what comes in goes before copies.
    consumer = Consumer(
        foundation.database, settings.kafka, stream, clock=foundation.clock, parallel=3
    )
    return Part(components=[consumer], streams={"inbound": stream})
