"""Time passes: warnings and breaches are declared, once, by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.db import Transaction
from sla.clocks.domain.due import Moment, fire
from sla.clocks.domain.reconciliation import Change, News
from sla.clocks.store import clocks
from sla.clocks.store.clocks import Source
from sla.clocks.usecases.announcing import Changed, write


@dataclass(frozen=True, slots=True)
class FireDueClocks:
    """``holds``: for each partition the seconds for which a silent source is waited for."""

    source: Source
    holds: Mapping[int, float]
    grace_seconds: float
    batch: int


@dataclass(frozen=True, slots=True)
class Fired:
    """How many clocks were claimed, how many events that made, and how late breaches were."""

    claimed: int
    events: int
    delays_seconds: Sequence[float]


async def fire_due_clocks(tx: Transaction, command: FireDueClocks) -> Fired:
    """Claim one batch of clocks that are due and declare what is due about them.

    The claim says what time it is: a reading from before a step of the database's clock would
    date a breach before its deadline.
    """
    claimed = await clocks.claim(
        tx,
        command.source,
        holds=command.holds,
        grace_seconds=command.grace_seconds,
        batch=command.batch,
    )
    if not claimed:
        return Fired(0, 0, [])
    changes: list[Changed] = []
    for item in claimed:
        time = Moment(item.now, item.known_until, item.held_until)
        changes.append((item.stored.owner, fire(item.stored.held, time)))
    events = await write(tx, changes, now=max(item.now for item in claimed))
    return Fired(len(claimed), events, [d for _, change in changes for d in _delays(change)])


def _delays(change: Change) -> list[float]:
    """Return the seconds from the deadline to its detection, if this change is a breach's first."""
    detected_at, due_at = change.held.detected_at, change.held.clock.breached_at
    news = [item.news for item in change.announcements]
    if News.BREACHED not in news or detected_at is None or due_at is None:
        return []
    return [(detected_at - due_at).total_seconds()]
