"""Builds the clocks: the consumer that moves them, and the timer that declares breaches."""

from common.messaging import Consumer
from common.service import Foundation, Part
from sla.clocks.consumers.conversations import CONSUMER, conversations_stream
from sla.clocks.events import consumed, published
from sla.clocks.http import clocks
from sla.clocks.memory import Folds
from sla.clocks.store.due_clocks import ConsumedTopic
from sla.clocks.timers.due_clocks import DueClocks
from sla.clocks.usecases.apply_facts import ClockUpdater
from sla.rules.memory import Rulesets
from sla.settings import SlaSettings


def build_clocks(foundation: Foundation, settings: SlaSettings) -> Part:
    """Return the part that knows how long is left."""
    database = foundation.database
    facts = ConsumedTopic(CONSUMER, consumed.TOPIC)
    timer = DueClocks(database, settings.timer, facts=facts)
    database.after_commit(timer.wake)
    updater = ClockUpdater(Rulesets(), Folds())
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
        components=[consumer, timer],
        streams={stream.consumer: stream},
        topics=[published.TOPIC, consumed.TOPIC],
        heartbeat_topics=[published.TOPIC],
    )
