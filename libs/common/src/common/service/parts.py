"""Assembles a service from its parts; each part has a builder of its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from fastapi import APIRouter

from common.db import Database, DatabaseClock
from common.messaging import Relay, Stream, heartbeat_topic, request_topic, service_of
from common.runtime import Component
from common.service.maintenance import Maintenance, Retention
from common.service.readings import Reading, Readings, waiting_letters
from common.service.service import Service
from common.settings import ServiceSettings
from common.web import AppState, build_app

STEADY_PLANS: Mapping[str, str] = {
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""The session settings of a service whose statements all have an index (docs/adr/0030)."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What all parts of a service share."""

    name: str
    settings: ServiceSettings
    database: Database
    clock: DatabaseClock
    app: AppState

    @classmethod
    def lay(
        cls, name: str, settings: ServiceSettings, *, session: Mapping[str, str] | None = None
    ) -> "Foundation":
        """Return the foundation, connected to nothing yet.

        ``session`` are settings of every database session; those of ``settings`` go before.
        """
        merged = dict(session or {}) | settings.postgres.session
        postgres = settings.postgres.model_copy(update={"session": merged})
        database = Database(postgres, service=name)
        clock = DatabaseClock(database, service=name)
        app = AppState(
            service=name,
            database=database,
            clock=clock,
            http=settings.http,
            auth=settings.auth,
            version=metadata.version(f"threadline-{name}"),
        )
        return cls(name, settings, database, clock, app)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one part adds to its service.

    ``state`` is what its routers find again by its type (``part_of``). ``topics`` are what it
    writes to or reads from; for ``heartbeat_topics`` the relay tells how far it has published,
    promptly when other services ask for it if ``prompt_on_request``.
    ``held_since`` is a query for the time since when input waits unprocessed (see ``Relay``).
    ``readings`` set gauges from the database. ``close`` is called before that is closed.
    """

    routers: Sequence[APIRouter] = ()
    state: object | None = None
    components: Sequence[Component] = ()
    streams: Mapping[str, Stream] = field(default_factory=dict)
    topics: Sequence[str] = ()
    heartbeat_topics: Sequence[str] = ()
    prompt_on_request: bool = False
    held_since: str | None = None
    daily_tables: Sequence[str] = ()
    retention: Mapping[str, Retention] = field(default_factory=dict)
    readings: Sequence[Reading] = ()
    close: Callable[[], Awaitable[None]] | None = None


def assemble(
    foundation: Foundation, parts: Sequence[Part], *, title: str, migrations: Path
) -> Service:
    """Return the service that these parts make, with the relay and the housekeeping of all.

    Raises ValueError when two parts hold input back: the relay asks one query.
    """
    foundation.app.parts |= {
        type(part.state): part.state for part in parts if part.state is not None
    }
    streams = {name: stream for part in parts for name, stream in part.streams.items()}
    of_parts = [reading for part in parts for reading in part.readings]
    readings = Readings(foundation.database, [waiting_letters(streams), *of_parts])
    foundation.app.refresh_metrics = readings.refresh
    held_since = [part.held_since for part in parts if part.held_since is not None]
    if len(held_since) > 1:
        raise ValueError("only one part of a service can hold input back")
    prompt_on_request = any(part.prompt_on_request for part in parts)
    relay = Relay(
        foundation.database,
        foundation.settings.kafka,
        foundation.settings.relay,
        service=foundation.name,
        heartbeat_topics=[topic for part in parts for topic in part.heartbeat_topics],
        prompt_on_request=prompt_on_request,
        held_since=held_since[0] if held_since else None,
    )
    maintenance = Maintenance(
        foundation.database,
        foundation.settings.relay,
        clock=foundation.clock,
        daily_tables=["outbox", "inbox", *(name for part in parts for name in part.daily_tables)],
        retention={name: keep for part in parts for name, keep in part.retention.items()},
    )
    components: list[Component] = [relay, maintenance]
    for part in parts:
        components += part.components
    return Service(
        name=foundation.name,
        settings=foundation.settings,
        database=foundation.database,
        clock=foundation.clock,
        api=build_app(
            title=title,
            routers=[router for part in parts for router in part.routers],
            state=foundation.app,
        ),
        migrations=migrations,
        topics=_topics(foundation.name, parts),
        components={component.name: component for component in components},
        readings=readings,
        streams=streams,
        closing=[part.close for part in parts if part.close is not None],
    )


def _topics(service: str, parts: Sequence[Part]) -> Sequence[str]:
    """Return the topics of all parts, and those on which watermarks are sent and asked for."""
    topics = [topic for part in parts for topic in part.topics]
    if any(part.heartbeat_topics for part in parts):
        topics.append(heartbeat_topic(service))
    if any(part.prompt_on_request for part in parts):
        topics.append(request_topic(service))
    sources = [stream.source for part in parts for stream in part.streams.values()]
    return [*topics, *(heartbeat_topic(service_of(source)) for source in sources if source)]
