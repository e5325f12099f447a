"""The only place where sla's objects are built."""

from __future__ import annotations

from pathlib import Path

from common.clock import DatabaseClock
from common.consumer import Consumer
from common.database import Database
from common.horizon import Horizon
from common.http.app import build_app
from common.maintenance import Maintenance
from common.relay import Relay
from common.service import Service
from sla.consumers.conversations import CONSUMER, conversations
from sla.events import consumed, published
from sla.http import calendars, clocks, policies, stream
from sla.http.state import SlaState
from sla.settings import SlaSettings
from sla.store import alerts
from sla.store.clocks import Source
from sla.timers.alert_retention import AlertRetention
from sla.timers.due_clocks import DueClocks
from sla.usecases.ruleset import Rulesets

NAME = "sla"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
DAILY_TABLES = ("outbox", "inbox", "alert")


def build(settings: SlaSettings) -> Service:
    """Return the service, connected to nothing yet."""
    database = Database(settings.postgres, service=NAME)
    clock = DatabaseClock(database, service=NAME)
    rulesets = Rulesets()
    state = SlaState(
        service=NAME,
        database=database,
        clock=clock,
        http=settings.http,
        auth=settings.auth,
        rulesets=rulesets,
        horizon=Horizon(database, alerts.SEQUENCE),
        replay_limit=settings.alerts.replay_limit,
    )
    feed = stream.AlertFeed(
        database,
        Horizon(database, alerts.SEQUENCE),
        state.streams,
        poll_seconds=settings.alerts.poll_seconds,
    )
    timer = DueClocks(database, settings.timer, source=Source(CONSUMER, consumed.TOPIC))
    database.after_commit(timer.wake)
    database.after_commit(feed.wake)
    stream_of_conversations = conversations(rulesets, grace_seconds=settings.timer.grace_seconds)
    consumer = Consumer(
        database,
        settings.kafka,
        stream_of_conversations,
        clock=clock,
        on_progress=lambda _: timer.heard(),
    )
    relay = Relay(
        database,
        settings.kafka,
        settings.relay,
        service=NAME,
        heartbeat_topics=[published.TOPIC],
    )
    maintenance = Maintenance(database, settings.relay, clock=clock, daily_tables=DAILY_TABLES)
    retention = AlertRetention(database, clock=clock, keep_days=settings.alerts.keep_days)
    return Service(
        name=NAME,
        settings=settings,
        database=database,
        clock=clock,
        api=build_app(
            title="Threadline sla",
            routers=[calendars.router, policies.router, clocks.router, stream.router],
            state=state,
            lifespan=feed.running,
        ),
        migrations=MIGRATIONS,
        topics=(published.TOPIC, consumed.TOPIC),
        components={c.name: c for c in (relay, maintenance, consumer, timer, retention)},
        streams={stream_of_conversations.consumer: stream_of_conversations},
    )
