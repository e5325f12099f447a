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

    PERSONS = "persons"
    VISITORS = "visitors"
    QUARANTINE = "quarantine"

    @property
    def next(self) -> "Phase | None":
        phases = list(Phase)
        index = phases.index(self) + 1
        return phases[index] if index < len(phases) else None


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
    phase: Phase = Phase.PERSONS
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
