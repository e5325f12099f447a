"""Consumes ``sla.clocks``: every event carries the whole clock, so all are handled alike."""

from collections.abc import Sequence
from datetime import datetime

from common.db import Transaction
from common.messaging import Applied, Ignored, Outcome, Received, Stream, rfc3339, source_of
from interactions.context.events.consumed import CLOCKS_CONSUMER, CLOCKS_TOPIC, ClockChanged
from interactions.context.store.clocks import ClockCopy
from interactions.context.usecases.project_clocks import project_clocks

_TYPES = (
    "sla.clock.started",
    "sla.clock.paused",
    "sla.clock.resumed",
    "sla.clock.met",
    "sla.clock.cancelled",
    "sla.clock.breached",
    "sla.clock.warning",
    "sla.breach.retracted",
)


def clocks_stream() -> Stream:
    """Return the stream that feeds ``sla_clock``."""
    return Stream(
        consumer=CLOCKS_CONSUMER,
        topic=CLOCKS_TOPIC,
        decoders={(name, 1): ClockChanged for name in _TYPES},
        apply=apply_clocks,
        source=source_of("sla"),
    )


async def apply_clocks(
    tx: Transaction, events: Sequence[Received], /, *, now: datetime
) -> Sequence[Outcome]:
    """Project the batch; a version that is not newer than the stored one is stale."""
    copies = [_copy(event) for event in events]
    written = await project_clocks(tx, copies, now=now)
    return [Applied() if is_new else Ignored("stale_version") for is_new in written]


def _copy(event: Received) -> ClockCopy:
    clock: ClockChanged = event.data
    return ClockCopy(
        tenant_id=event.envelope.tenant_id,
        clock_id=clock.clock_id,
        conversation_id=clock.conversation_id,
        customer_id=clock.customer_id,
        version=event.envelope.sequence,
        metric=clock.metric,
        cycle=clock.cycle,
        state=clock.state,
        due_at=clock.due_at,
        breached_at=clock.breached_at,
        body=_shown(clock),
        recorded_at=event.envelope.recorded_at,
    )


def _shown(clock: ClockChanged) -> dict[str, object]:
    """Return a clock as ``ShownClock`` describes it, with its times in the form of the API."""
    shown = clock.model_dump(mode="python")
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in shown.items()
    }
