"""Declare warnings and breaches as time passes: each once, by the database's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.db import Transaction
from sla.clocks.domain.changes import Change, EventKind, OwnedChange
from sla.clocks.domain.due import TimeView, fire
from sla.clocks.store import due_clocks
from sla.clocks.store.due_clocks import ConsumedTopic
from sla.clocks.usecases.save_changes import ClockSaver


@dataclass(frozen=True, slots=True)
class FireDueClocks:
    """``holds`` gives for each partition the seconds that a deadline waits for a silent source.

    ``in_turns`` lets the tenants take turns, in a backlog.
    """

    facts: ConsumedTopic
    holds: Mapping[int, float]
    grace_seconds: float
    batch: int
    in_turns: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """How many clocks were claimed, of how many tenants, and what became of them."""

    claimed: int
    tenants: int
    events: int
    delays_seconds: Sequence[float]
    """How late each breach was."""


class Declarer:
    """Declares what is due, as the clocks are saved."""

    def __init__(self, saver: ClockSaver) -> None:
        self._saver = saver

    async def fire_due_clocks(self, tx: Transaction, command: FireDueClocks) -> Fired:
        """Claim a batch of due clocks and declare what is due about each.

        The time comes from the claim: a reading from before a step of the database's clock would
        date a breach before its deadline.
        """
        claimed = await due_clocks.claim_due_clocks(
            tx,
            command.facts,
            holds=command.holds,
            grace_seconds=command.grace_seconds,
            batch=command.batch,
            in_turns=command.in_turns,
        )
        if not claimed:
            return Fired(0, 0, 0, [])
        changes = []
        for clock in claimed:
            time = TimeView(clock.now, clock.known_until, clock.waited_until)
            changes.append(OwnedChange(clock.owned.owner, fire(clock.owned.current, time)))
        now = max(clock.now for clock in claimed)
        events = await self._saver.save_changes(tx, changes, now=now)
        delays = [seconds for owned in changes for seconds in _delays(owned.change)]
        tenants = {clock.owned.owner.tenant_id for clock in claimed}
        return Fired(len(claimed), len(tenants), events, delays)


def _delays(change: Change) -> list[float]:
    """Return the seconds from the deadline to its detection if the change announces a breach."""
    detected_at, due_at = change.version.detected_at, change.version.clock.breached_at
    kinds = [event.kind for event in change.events]
    if EventKind.BREACHED not in kinds or detected_at is None or due_at is None:
        return []
    return [(detected_at - due_at).total_seconds()]
