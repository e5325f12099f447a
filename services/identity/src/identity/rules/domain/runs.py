"""A version of the rules, compared with or applied to all customers, a page at a time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Kind(StrEnum):
    SIMULATION = "simulation"
    """Finds out what the version would do, and changes nothing."""
    APPLICATION = "application"


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"
    SUPERSEDED = "superseded"
    """A later run took its place."""
    FAILED = "failed"


class Phase(StrEnum):
    """What a run looks at, in this order: whose devices are whose depends on the persons."""

    BOUNDS = "bounds"
    PERSONS = "persons"
    VISITORS = "visitors"
    QUARANTINE = "quarantine"

    def next(self, kind: Kind) -> "Phase | None":
        """Return the phase after this; a simulation has none for visitors, who have no effects."""
        after = {
            Phase.BOUNDS: Phase.PERSONS,
            Phase.PERSONS: Phase.VISITORS if kind is Kind.APPLICATION else Phase.QUARANTINE,
            Phase.VISITORS: Phase.QUARANTINE,
        }
        return after.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``position`` is the last that was looked at in ``phase``; empty at its beginning.

    ``customers`` is how many there were when it began, ``visited`` how many of them it is through
    with.
    """

    tenant_id: str
    id: UUID
    kind: Kind
    version: int
    base_version: int
    state: State = State.RUNNING
    phase: Phase = Phase.BOUNDS
    position: Mapping[str, Any] = field(default_factory=dict)
    customers: int | None = None
    visited: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    problem: str | None = None
    started_by: str
    started_at: datetime
    advanced_at: datetime
    finished_at: datetime | None = None
