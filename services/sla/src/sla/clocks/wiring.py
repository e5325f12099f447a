"""Builds the clocks: the consumer that moves them, and the timer that declares breaches."""

from common.db import ReadConnection
from common.messaging import Consumer, HeartbeatRequester, request_topic
from common.service import Foundation, Part
from sla.clocks import metrics
from sla.clocks.consumers.conversations import CONSUMER, conversations_stream
from sla.clocks.events import consumed, published
from sla.clocks.events.clock_fields import Links
from sla.clocks.http import clocks
from sla.clocks.http.state import ClocksState
from sla.clocks.memory import Folds
from sla.clocks.store.due_clocks import ConsumedTopic
from sla.clocks.store.open_clocks import count_open_clocks
from sla.clocks.timers.due_clocks import DueClocks
from sla.clocks.usecases.apply_facts import ClockUpdater
from sla.clocks.usecases.fire_due_clocks import Declarer
from sla.clocks.usecases.save_changes import ClockSaver, EventLog
from sla.rules.memory import CalendarMemory, Rulesets
from sla.settings import SlaSettings


def build_clocks(foundation: Foundation, settings: SlaSettings, *, log: EventLog) -> Part:
    """Return the part that knows how long is left; ``log`` records each of its events."""
    database = foundation.database
    facts = ConsumedTopic(CONSUMER, consumed.TOPIC)
    calendars, links = CalendarMemory(), Links(settings.public_base_url)
    saver = ClockSaver(calendars, links, log)
    requester = HeartbeatRequester(
        settings.kafka,
        name="timer:request_heartbeats",
        service=consumed.SERVICE,
        topic=consumed.TOPIC,
    )
    timer = DueClocks(
        database,
        settings.timer,
        facts=facts,
        declarer=Declarer(saver),
        ask_source=requester.want,
    )
    database.after_commit(timer.wake)
    updater = ClockUpdater(Rulesets(), Folds(), saver)
    stream = conversations_stream(updater.apply_facts, grace_seconds=settings.timer.grace_seconds)
    consumer = Consumer(
        database,
        settings.kafka,
        stream,
        clock=foundation.clock,
        on_progress=lambda _: timer.wake_if_waiting(),
    )
    return Part(
        routers=[clocks.router],
        state=ClocksState(calendars=calendars, links=links),
        components=[consumer, timer, requester],
        streams={stream.consumer: stream},
        topics=[published.TOPIC, consumed.TOPIC, request_topic(consumed.SERVICE)],
        heartbeat_topics=[published.TOPIC],
        readings=[_read_open_clocks],
    )


async def _read_open_clocks(connection: ReadConnection) -> None:
    clocks = await count_open_clocks(connection, CONSUMER)
    for state in ("running", "paused", "overdue", "undeclared"):
        metrics.CLOCKS.labels(state).set(getattr(clocks, state))
