"""Builds the part that follows what becomes of customers."""

from common.messaging import Consumer
from common.service import Foundation, Part
from sla.customers.consumers.customers import BeginErasures, customers_stream
from sla.customers.events import consumed


def build_customers(foundation: Foundation, *, begin_erasures: BeginErasures) -> Part:
    """Return the part that consumes identity's events."""
    stream = customers_stream(begin_erasures)
    consumer = Consumer(
        foundation.database, foundation.settings.kafka, stream, clock=foundation.clock
    )
    return Part(components=[consumer], streams={stream.consumer: stream}, topics=[consumed.TOPIC])
