"""The stream of conversations, from which all clocks follow."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Protocol

from common.db import Transaction
from common.messaging import Applied, Outcome, Received, Stream, latest_watermark, source_of
from sla.clocks.consumers.batch_facts import collect_facts
from sla.clocks.domain.due import known_until
from sla.clocks.events.consumed import DECODERS, SERVICE, TOPIC
from sla.clocks.usecases.apply_facts import ApplyFacts

CONSUMER = "sla.conversations"


class _ApplyFacts(Protocol):
    def __call__(
        self, tx: Transaction, command: ApplyFacts, /, *, now: datetime
    ) -> Awaitable[None]: ...


def conversations_stream(apply_facts: _ApplyFacts, *, grace_seconds: float) -> Stream:
    """Return the stream; a batch is applied as one set of facts, whatever its events are.

    ``grace_seconds`` is the time that timers allow for events on their way to the source.
    """

    async def apply(
        tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        # The latest watermark of the batch holds for all of it: earlier records precede it.
        watermark = latest_watermark(stream.watermark(event.record) for event in events)
        known = known_until(watermark, now=now, grace_seconds=grace_seconds)
        await apply_facts(tx, ApplyFacts(collect_facts(events), known), now=now)
        return [Applied() for _ in events]

    stream = Stream(
        consumer=CONSUMER,
        topic=TOPIC,
        apply=apply,
        decoders=DECODERS,
        source=source_of(SERVICE),
    )
    return stream
