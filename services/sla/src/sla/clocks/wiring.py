"""Builds the clocks: what starts, moves and stops them, and what declares a breach."""

from common.messaging import Consumer
from common.service import Foundation, Part
from sla.clocks.consumers.conversations import CONSUMER, conversations
from sla.clocks.events import consumed, published
from sla.clocks.http import clocks
from sla.clocks.store.clocks import Source
from sla.clocks.timers.due_clocks import DueClocks
from sla.rules.usecases.ruleset import Rulesets
from sla.settings import SlaSettings


def build_clocks(foundation: Foundation, settings: SlaSettings) -> Part:
    """Return the part that says how long is left."""
    database = foundation.database
    timer = DueClocks(database, settings.timer, source=Source(CONSUMER, consumed.TOPIC))
    database.after_commit(timer.wake)
    stream = conversations(Rulesets(), grace_seconds=settings.timer.grace_seconds)
    consumer = Consumer(
        database,
        settings.kafka,
        stream,
        clock=foundation.clock,
        on_progress=lambda _: timer.heard(),
    )
    return Part(
        routers=[clocks.router],
        components=[consumer, timer],
        streams={stream.consumer: stream},
        topics=[published.TOPIC, consumed.TOPIC],
        heartbeat_topics=[published.TOPIC],
    )
