"""The stream of conversations, from which all clocks follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from common.dispatch import Applied, Outcome, Stream
from common.envelope import Received, source_of
from sla.consumers.facts import heard
from sla.events.consumed import DECODERS, TOPIC
from sla.usecases.apply_facts import ApplyFacts, apply_facts
from sla.usecases.folds import Folds
from sla.usecases.ruleset import Rulesets

CONSUMER = "sla.conversations"


def conversations(rulesets: Rulesets) -> Stream:
    """Return the stream; a batch is one set of facts, whatever events it is made of."""
    folds = Folds()

    async def apply(
        tx: AsyncConnection, events: Sequence[Received], /, *, now: datetime
    ) -> Sequence[Outcome]:
        await apply_facts(tx, ApplyFacts(heard(events), rulesets, folds), now=now)
        return [Applied() for _ in events]

    return Stream(
        consumer=CONSUMER,
        topic=TOPIC,
        apply=apply,
        decoders=DECODERS,
        source=source_of("interactions"),
    )
