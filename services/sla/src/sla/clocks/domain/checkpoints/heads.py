"""The head of a fold as text, from which the fold goes on with the facts that come next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from common.jsons import dumps_text, loads
from sla.clocks.domain.checkpoints.digest import Digester
from sla.clocks.domain.checkpoints.states import (
    Restorer,
    fact_of_values,
    fact_values,
    history_of_values,
    place_of_values,
    span_values,
    state_of,
)
from sla.clocks.domain.facts import LIFECYCLE, End, Fact, FactKind, Place
from sla.clocks.domain.fold import Fold
from sla.rules.domain.instants import micros, time_of
from sla.rules.domain.policy import Ruleset


def head_of(fold: Fold) -> str:
    """Return the head of a fold."""
    course, end = fold.course, fold.end
    changed_at = None if end.changed_at is None else micros(end.changed_at)
    return dumps_text(
        {
            "opening": fact_values(course.opening),
            "spans": span_values(course.history),
            "state": state_of(course),
            "end": [end.last, end.sequence, changed_at, end.closing],
        }
    )


@dataclass(frozen=True, slots=True)
class Head:
    """A head that was read: the fold, and what restores the states of its checkpoints."""

    fold: Fold
    restorer: Restorer

    @classmethod
    def of(cls, text: str, rules: Ruleset) -> "Head":
        values: dict[str, Any] = loads(text)
        opening = fact_of_values(values["opening"])
        restorer = Restorer(rules, opening, history_of_values(values["spans"]))
        course = restorer.course(values["state"])
        digester = Digester(rules, course.opened_at)
        return cls(Fold(course, _end(*values["end"]), digester), restorer)


def _end(last: Place, sequence: int, changed_at: int | None, closing: Place | None) -> End:
    at = None if changed_at is None else time_of(changed_at)
    end = None if closing is None else place_of_values(closing)
    return End(place_of_values(last), sequence, at, end)


@dataclass(slots=True)
class Uncovered:
    """What is kept of a long conversation that no policy has covered: what it was matched by."""

    opened_by: str
    snapshots: list[Mapping[str, object]]

    @classmethod
    def of(cls, ordered: Iterable[Fact]) -> "Uncovered | None":
        """Return it for facts in order; None when they do not begin with the opening."""
        facts = list(ordered)
        if not facts or facts[0].kind is not FactKind.OPENED:
            return None
        uncovered = cls(facts[0].opened_by or "customer", [dict(facts[0].attributes)])
        uncovered.read(facts)
        return uncovered

    @classmethod
    def of_text(cls, text: str) -> "Uncovered":
        values = loads(text)
        return cls(values["opened_by"], values["snapshots"])

    def text(self) -> str:
        return dumps_text({"opened_by": self.opened_by, "snapshots": self.snapshots})

    def takes(self, facts: Iterable[Fact]) -> bool:
        """Return whether the conversation still begins with the same opening after new facts."""
        return all(fact.kind is not FactKind.OPENED for fact in facts)

    def read(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            if fact.kind in LIFECYCLE and fact.attributes not in self.snapshots:
                self.snapshots.append(dict(fact.attributes))

    def is_covered_by(self, rules: Ruleset) -> bool:
        """Return whether the rules cover the conversation as it was at any time."""
        opened_by = {"opened_by": self.opened_by}
        return any(rules.match({**snapshot, **opened_by}) for snapshot in self.snapshots)
