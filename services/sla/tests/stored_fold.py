"""A conversation whose fold goes on from checkpoints, in memory."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from services.sla.tests.life import after
from sla.clocks.domain.alignment import aligned, highest_cycles, numbered
from sla.clocks.domain.changes import Change
from sla.clocks.domain.checkpoints.checkpoint import Checkpoint, Spacing
from sla.clocks.domain.checkpoints.heads import Head, head_of
from sla.clocks.domain.checkpoints.states import state_of
from sla.clocks.domain.clocks import Clock, ClockKey, ClockVersion
from sla.clocks.domain.facts import ENDING, Fact, Place
from sla.clocks.domain.fold import Refolded, fold
from sla.clocks.domain.reconciliation import Reconciliation
from sla.clocks.usecases.continuation import continue_fold
from sla.clocks.usecases.long_conversations import fold_long
from sla.rules.domain.policy import Metric, Ruleset

FALLBACK = {"priority": "low"}
RECONCILIATION = Reconciliation(after(99_999), after(99_999), uuid4)


class MemoryChain:
    """Checkpoints as the store returns them: without the facts of those that have a digest."""

    def __init__(self) -> None:
        self.stored: dict[Place, Checkpoint] = {}
        self.facts_read = 0
        self.visited = 0

    def save(self, rewritten: Sequence[Checkpoint], restated: Sequence[Checkpoint]) -> None:
        self.stored |= {checkpoint.start: checkpoint for checkpoint in rewritten}
        for checkpoint in restated:
            stored = self.stored[checkpoint.start]
            self.stored[checkpoint.start] = stored.restated(checkpoint.state)

    async def before(self, place: Place) -> Checkpoint:
        first, *others = (start for start in sorted(self.stored) if start <= place)
        checkpoint = self.stored[first]
        for start in others:
            checkpoint = checkpoint.followed_by(self.stored[start])
        self.facts_read += checkpoint.size
        return checkpoint

    async def after(self, checkpoint: Checkpoint) -> Checkpoint | None:
        self.visited += 1
        later = [start for start in self.stored if start > checkpoint.start]
        if not later:
            return None
        following = self.stored[min(later)]
        return following if following.digest is None else replace(following, facts=None)

    async def after_sides(
        self, checkpoint: Checkpoint, sides: Collection[str]
    ) -> Checkpoint | None:
        later = [at for at in self.stored if at > checkpoint.start]
        others = [at for at in later if self.stored[at].side not in sides]
        return self.stored[min(others)] if others else None

    async def with_facts(self, checkpoint: Checkpoint) -> Checkpoint:
        self.facts_read += checkpoint.size
        return replace(checkpoint, facts=self.stored[checkpoint.start].facts)


class Stored:
    """A conversation whose fold is stored, with the clocks that followed from each batch."""

    def __init__(self, facts: Sequence[Fact], ruleset: Ruleset, spacing: Spacing) -> None:
        self.ruleset, self.spacing = ruleset, spacing
        self.rebuilds = -1
        self.versions: dict[ClockKey, ClockVersion] = {}
        self.changed: list[Change] = []
        self.restated = 0
        self._begin(facts)

    def _begin(self, facts: Sequence[Fact]) -> None:
        self.rebuilds += 1
        self.chain = MemoryChain()
        folded, new = fold_long(facts, self.ruleset, fallback=FALLBACK, spacing=self.spacing)
        self.chain.save(new.checkpoints, [])
        self.head = new.head
        self._reconcile(self.versions, folded.clocks)

    def add(self, batch: Sequence[Fact], everything: Sequence[Fact]) -> None:
        """Read a batch as the service does after a restart: from what is stored."""
        head = Head.of(self.head, self.ruleset)
        unsaved = [f for f in everything if f.sequence > head.fold.end.sequence]
        facts = list({fact.sequence: fact for fact in (*unsaved, *batch)}.values())
        continuation = None
        if head.fold.still_opens(batch, FALLBACK):
            going_on = continue_fold(self.chain, head, facts, self.spacing)
            continuation = asyncio.run(going_on)
        if continuation is None:
            self._begin(everything)
            return
        self.chain.save(continuation.rewritten, continuation.restated)
        self.restated += len(continuation.restated)
        if not continuation.unsaved:
            self.head = head_of(continuation.fold)
        locked = {
            key: version
            for key, version in self.versions.items()
            if any(_is_within(version.clock, refolded) for refolded in continuation.refolded)
        }
        self._reconcile(locked, [c for refolded in continuation.refolded for c in refolded.clocks])
        expected = fold_long(everything, self.ruleset, fallback=FALLBACK)[1].fold
        assert expected is not None
        assert state_of(continuation.fold.course) == state_of(expected.course)
        assert continuation.fold.end == expected.end

    def _reconcile(self, locked: dict[ClockKey, ClockVersion], folded: Sequence[Clock]) -> None:
        """Bring the locked clocks in line with the folded ones, as the service does."""
        highest = highest_cycles(self.versions.values())
        shown = numbered(aligned(locked.values(), folded), highest)
        assert len({clock.key for clock in shown}) == len(shown)
        assert not {clock.key for clock in shown} & (self.versions.keys() - locked.keys())
        self.changed = RECONCILIATION.changes(locked, shown)
        self.versions |= {change.version.key: change.version for change in self.changed}
        # A breach that was declared outlives facts that show the clock running. No timer runs here.
        for clock in shown:
            self.versions[clock.key] = replace(self.versions[clock.key], clock=clock)

    @property
    def clocks(self) -> dict[tuple[Metric, Place | None], Clock]:
        """The clocks that still count, by what opened them and without their numbers."""
        live = [v.clock for v in self.versions.values() if not v.superseded]
        assert len(live) == len(by_opener(live))
        return by_opener(live)

    def ids(self) -> dict[tuple[Metric, Place | None], UUID]:
        """The ids of the clocks that still count."""
        live = [v for v in self.versions.values() if not v.superseded]
        return {(v.clock.metric, v.clock.opener): v.clock_id for v in live}

    def reread(self, everything: Sequence[Fact]) -> list[Clock]:
        """Return the clocks that a fold of all facts would still change."""
        folded = fold(everything, self.ruleset, fallback=FALLBACK).clocks
        highest = highest_cycles(self.versions.values())
        shown = numbered(aligned(self.versions.values(), folded), highest)
        return [clock for clock in shown if self.versions[clock.key].clock != clock]


def by_opener(clocks: Iterable[Clock]) -> dict[tuple[Metric, Place | None], Clock]:
    return {(clock.metric, clock.opener): replace(clock, cycle=0) for clock in clocks}


def _is_within(clock: Clock, refolded: Refolded) -> bool:
    first, last = refolded.spans.get(clock.metric, (ENDING, ENDING))
    assert clock.opener is not None
    return first <= clock.opener < last
