"""Read new facts into a fold that has checkpoints, late ones where they belong."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sla.clocks.domain.checkpoints.checkpoint import Checkpoint, Spacing, checkpoints_of
from sla.clocks.domain.checkpoints.digest import UNSEEN
from sla.clocks.domain.checkpoints.heads import Head
from sla.clocks.domain.checkpoints.refold import Refold
from sla.clocks.domain.checkpoints.sides import SIDES, begins_run, changes_nothing, go_on
from sla.clocks.domain.facts import Fact, Place, place_of
from sla.clocks.domain.fold import Fold, Refolded


class Chain(Protocol):
    """The checkpoints of a conversation, in order; the first one is before all facts."""

    async def before(self, place: Place) -> Checkpoint:
        """Return the last checkpoint that is not after a place, with its facts and its run."""
        ...

    async def after(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """Return the one after the checkpoint that was returned last, as it is stored."""
        ...

    async def after_sides(
        self, checkpoint: Checkpoint, sides: Collection[str]
    ) -> Checkpoint | None:
        """Return the first one after a checkpoint that has none of the sides, as it is stored."""
        ...

    async def with_facts(self, checkpoint: Checkpoint) -> Checkpoint:
        """Return the checkpoint with its facts."""
        ...


@dataclass(slots=True)
class Continuation:
    """What new facts have changed: clocks, the head, and checkpoints to save.

    ``unsaved`` facts are not yet followed by a checkpoint; with none the head is to be saved.
    """

    fold: Fold
    refolded: list[Refolded] = field(default_factory=list)
    restated: list[Checkpoint] = field(default_factory=list)
    rewritten: list[Checkpoint] = field(default_factory=list)
    unsaved: int = 0


async def continue_fold(
    chain: Chain, head: Head, facts: Collection[Fact], spacing: Spacing
) -> Continuation | None:
    """Read facts into a fold, from its head if they are its latest; the chain ends at the head.

    None, with nothing read, if all facts must be read from the beginning.
    """
    end = head.fold.end
    if not end.takes(facts):
        return None
    ordered = end.placed(facts)
    if ordered and place_of(ordered[0]) < end.last:
        return await _read_late(chain, head, ordered, spacing)
    return _append(head.fold, ordered, spacing)


def _append(fold: Fold, ordered: Sequence[Fact], spacing: Spacing) -> Continuation:
    since = fold.course.frontiers(fold.end.last)
    continuation = Continuation(fold)
    if spacing.is_reached(ordered, after=fold.end.sequence):
        start = place_of(ordered[0])
        seen = max((fold.end.sequence, *(fact.sequence for fact in ordered)))
        continuation.rewritten += checkpoints_of(fold, ordered, spacing, start=start, seen=seen)
        fold.end.advance(ordered)
    else:
        fold.read(ordered, seen=UNSEEN)
        continuation.unsaved = len(ordered)
    continuation.refolded.append(Refolded.of(fold.course, since, {}))
    return continuation


async def _read_late(
    chain: Chain, head: Head, ordered: Sequence[Fact], spacing: Spacing
) -> Continuation:
    """Read facts that belong between others; from each one on as far as it matters."""
    continuation = Continuation(head.fold)
    end, digester = head.fold.end, head.fold.digester
    end.advance(ordered)
    late = deque(ordered)
    while late:
        checkpoint = await chain.before(place_of(late[0]))
        fold = Fold(head.restorer.course(checkpoint.state), end, digester)
        refold = Refold(fold, checkpoint.start, spacing)
        met = await _read_on(chain, refold, checkpoint, late)
        if met is None:
            continuation.refolded.append(refold.until_the_end())
            continuation.fold = refold.fold
        else:
            continuation.refolded.append(refold.until(met))
        continuation.restated += refold.restated
        continuation.rewritten += refold.rewritten
    return continuation


async def _read_on(
    chain: Chain, refold: Refold, checkpoint: Checkpoint, late: deque[Fact]
) -> Checkpoint | None:
    """Read from a checkpoint on until one is met; return that, or None if the end came first."""
    run, has_other_sides = checkpoint.run, False
    while True:
        following = await _following(chain, checkpoint)
        own = _before(late, following)
        if own or checkpoint.digest is None:
            checkpoint = await chain.with_facts(checkpoint)
        is_repeated = not own and changes_nothing(run, checkpoint.side)
        sides = refold.read(checkpoint, own, following)
        has_other_sides = has_other_sides or [*sides] != [checkpoint.side]
        for side in sides:
            run = go_on(run, side)
        if following is not None and is_repeated:
            following = await _skip_run(chain, following, run, late)
        if following is None:
            return None
        if refold.has_met(following) and not (has_other_sides and _needs_run(following, run)):
            return following
        checkpoint = following
        await asyncio.sleep(0)  # There may be many; others shall not wait for all of them.


def _needs_run(checkpoint: Checkpoint, run: str | None) -> bool:
    """Return whether the states from a checkpoint on may follow from those of its run.

    Then they must be read again, if the run has changed.
    """
    is_first = begins_run(checkpoint.run, checkpoint.side) and begins_run(run, checkpoint.side)
    return checkpoint.is_outdated or not is_first


async def _following(chain: Chain, checkpoint: Checkpoint) -> Checkpoint | None:
    stored = await chain.after(checkpoint)
    return None if stored is None else checkpoint.followed_by(stored)


async def _skip_run(
    chain: Chain, checkpoint: Checkpoint, run: str | None, late: deque[Fact]
) -> Checkpoint | None:
    """Return the next checkpoint to read that changes a state, before or now, or has a late fact.

    That can be the given one. The one before it changed nothing, so its state is kept right.
    """
    sides = [s for s in SIDES if changes_nothing(run, s) and changes_nothing(checkpoint.run, s)]
    if checkpoint.side not in sides:
        return checkpoint
    stored = await chain.after_sides(checkpoint, sides)
    other = None if stored is None else stored.in_run(checkpoint.run, checkpoint.state)
    if late and (other is None or place_of(late[0]) < other.start):
        return await chain.before(place_of(late[0]))
    return other


def _before(late: deque[Fact], following: Checkpoint | None) -> list[Fact]:
    """Take the late facts that belong before a checkpoint."""
    own: list[Fact] = []
    while late and (following is None or place_of(late[0]) < following.start):
        own.append(late.popleft())
    return own
