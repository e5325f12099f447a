"""Late facts: read where they belong, and from there on until they make no difference any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sla.clocks.domain.checkpoints.checkpoint import Checkpoint, Spacing, checkpoints_of
from sla.clocks.domain.checkpoints.states import state_of
from sla.clocks.domain.facts import Fact, Place, in_place
from sla.clocks.domain.fold import Fold, Refolded
from sla.rules.domain.policy import Metric


@dataclass(slots=True)
class Refold:
    """Goes on from the state of a checkpoint at ``start``, with later facts and the late ones.

    ``restated`` are checkpoints whose state has changed, ``rewritten`` those whose facts have.
    """

    fold: Fold
    start: Place
    spacing: Spacing
    restated: list[Checkpoint] = field(default_factory=list)
    rewritten: list[Checkpoint] = field(default_factory=list)
    since: dict[Metric, Place] = field(init=False)

    def __post_init__(self) -> None:
        self.since = self.fold.course.frontiers(self.start)

    def has_met(self, checkpoint: Checkpoint) -> bool:
        """Return whether everything from this checkpoint on stays as it is."""
        return state_of(self.fold.course) == checkpoint.state

    def read(
        self, checkpoint: Checkpoint, late: Sequence[Fact], following: Checkpoint | None
    ) -> Sequence[str | None]:
        """Read the facts between two checkpoints, with the late ones among them.

        Returns the side of what lies between them now, or the sides if it is more than before.
        """
        if late:
            end = self.fold.end
            is_open = following is None or end.is_open_from(following.start)
            seen = end.sequence if is_open else checkpoint.seen
            return [made.side for made in self._insert(checkpoint, late, seen=seen)]
        state = state_of(self.fold.course)
        if checkpoint.is_outdated or state != checkpoint.state:
            self.restated.append(checkpoint.restated(state))
        for fact, outlasts in checkpoint.reads(self.fold.digester):
            self.fold.course.read(fact, outlasts=outlasts)
        return [checkpoint.side]

    def _insert(
        self, checkpoint: Checkpoint, late: Sequence[Fact], *, seen: int
    ) -> Sequence[Checkpoint]:
        ordered = in_place([*checkpoint.stored_facts(), *late])
        spacing = self.spacing
        if len(ordered) <= 2 * spacing.facts:
            spacing = replace(spacing, facts=len(ordered))
        made = [*checkpoints_of(self.fold, ordered, spacing, start=checkpoint.start, seen=seen)]
        self.rewritten += made
        return made

    def until(self, checkpoint: Checkpoint) -> Refolded:
        """Return the clocks that have ended before a checkpoint, once that has been met."""
        course = self.fold.course
        return Refolded.of(course, self.since, course.frontiers(checkpoint.start))

    def until_the_end(self) -> Refolded:
        """Return all clocks from the first checkpoint on."""
        return Refolded.of(self.fold.course, self.since, {})
