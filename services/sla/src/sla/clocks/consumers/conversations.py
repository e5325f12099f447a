"""The stream of conversations, from which all clocks follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from common.messaging import Applied, Outcome, Received, Stream, latest_watermark, source_of
from sla.clocks.consumers.facts import heard
from sla.clocks.domain.due import known_until
from sla.clocks.events.consumed import DECODERS, TOPIC
from sla.clocks.usecases.apply_facts import ApplyFacts, apply_facts
from sla.clocks.usecases.folds import Folds
from sla.rules.usecases.ruleset import Rulesets

CONSUMER = "sla.conversations"


def conversations(rulesets: Rulesets, *, grace_seconds: float) -> Stream:
    """Return the stream; a batch is one set of facts, whatever events it is made of.

    ``grace_seconds`` is what the timers give to answers that are on their way.
    """
    folds = Folds()

    async def apply(
        tx: Transaction, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        # What a batch's records bear holds for the batch: all that it speaks of stands before them.
        watermark = latest_watermark(stream.watermark(event.record) for event in events)
        known = known_until(watermark, now=now, grace_seconds=grace_seconds)
        await apply_facts(tx, ApplyFacts(heard(events), known, rulesets, folds), now=now)
        return [Applied() for _ in events]

    stream = Stream(
        consumer=CONSUMER,
        topic=TOPIC,
        apply=apply,
        decoders=DECODERS,
        source=source_of("interactions"),
    )
    return stream
