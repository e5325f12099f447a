"""Checkpoints: the state of a fold every so many facts, with the facts that follow it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from common.jsons import dumps_text, loads
from sla.clocks.domain.checkpoints.digest import Digester, Read
from sla.clocks.domain.checkpoints.sides import changes_nothing, go_on, side_of
from sla.clocks.domain.checkpoints.states import fact_of_values, fact_values, state_of
from sla.clocks.domain.facts import Fact, Place, place_of
from sla.clocks.domain.fold import Fold


@dataclass(frozen=True, slots=True)
class Spacing:
    """How many facts follow a checkpoint; late facts may make them twice as many.

    A digest is stored if it has at most ``digested`` facts.
    """

    facts: int = 200
    digested: int = 16

    def is_reached(self, facts: Collection[Fact], *, after: int, unsaved: int = 0) -> bool:
        """Return whether facts, with ``unsaved`` ones before them, call for the next checkpoint.

        ``after`` is the highest sequence so far. A fact with a lower one cannot wait: it would not
        be found again among the facts after the stored head.
        """
        in_sequence = all(fact.sequence > after for fact in facts)
        return unsaved + len(facts) >= self.facts or not in_sequence


SPACING = Spacing()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state before a stretch of facts, and the stretch, which lasts until the next checkpoint.

    ``digest`` are those of its facts that can change a clock, if they are few. ``facts`` is None
    while they have not been loaded. ``seen`` is the sequence up to which messages among the facts
    are known to whatever closes the conversation after them.

    ``side`` is that of the stretch, ``run`` what has counted before it. Where a stretch changes
    nothing after its run, the state stays what it is, and what is stored for the next checkpoint
    may be out of date: of such checkpoints in a row only the first one's state is kept right.
    ``is_outdated`` is whether another state is stored.
    """

    start: Place
    state: str
    seen: int
    size: int
    digest: str | None
    facts: str | None
    side: str | None = None
    run: str | None = None
    is_outdated: bool = False

    def stored_facts(self) -> list[Fact]:
        if self.facts is None:
            raise ValueError("the facts of this checkpoint have not been loaded")
        return [fact_of_values(values) for values in loads(self.facts)]

    def reads(self, digester: Digester) -> list[Read]:
        """Return what there is to read of its facts."""
        if self.digest is not None:
            return [Read(fact_of_values(values), flag) for values, flag in loads(self.digest)]
        return list(digester.digest(self.stored_facts(), seen=self.seen))

    def followed_by(self, stored: "Checkpoint") -> "Checkpoint":
        """Return the stored checkpoint that comes next, with the state that holds there."""
        state = self.state if changes_nothing(self.run, self.side) else stored.state
        return stored.in_run(go_on(self.run, self.side), state)

    def in_run(self, run: str | None, state: str) -> "Checkpoint":
        """Return the stored checkpoint with the run before it and the state that holds there."""
        return replace(self, run=run, state=state, is_outdated=state != self.state)

    def restated(self, state: str) -> "Checkpoint":
        return replace(self, state=state)


def checkpoints_of(
    fold: Fold, ordered: Sequence[Fact], spacing: Spacing, *, start: Place, seen: int
) -> Iterator[Checkpoint]:
    """Read facts in stretches; yield the checkpoint before each, the first one at ``start``.

    The facts come next in order. ``seen`` is that of the last checkpoint.
    """
    bounds = [*range(0, max(1, len(ordered)), spacing.facts), len(ordered)]
    closings = _next_closings(ordered, seen)
    for first, last in pairwise(bounds):
        following = ordered[first:last]
        seen_then = closings[last]
        state = state_of(fold.course)
        reads = list(fold.digester.digest(following, seen=seen_then))
        yield Checkpoint(
            start=place_of(following[0]) if first else start,
            state=state,
            seen=seen_then,
            size=len(following),
            digest=_digest_text(reads) if len(reads) <= spacing.digested else None,
            facts=dumps_text([fact_values(fact) for fact in following]),
            side=side_of(reads),
        )
        for fact, outlasts in reads:
            fold.course.read(fact, outlasts=outlasts)


def _next_closings(ordered: Sequence[Fact], seen: int) -> list[int]:
    """Return for each place the sequence of the next closing, or ``seen`` without one."""
    closings = [seen]
    for fact in reversed(ordered):
        closings.append(fact.sequence if fact.closes else closings[-1])
    return closings[::-1]


def _digest_text(reads: Iterable[Read]) -> str:
    return dumps_text([[fact_values(fact), outlasts] for fact, outlasts in reads])
