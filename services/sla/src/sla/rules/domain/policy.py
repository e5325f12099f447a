"""Policies: which conversations they cover, and what they promise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sla.rules.domain.conditions import Attributes, Conditions
from sla.rules.domain.hours import AroundTheClock, Hours

AgentInitiated = Literal["skip", "from_first_customer_message", "from_creation"]
OnReopen = Literal["continue", "new_cycle"]


class Metric(StrEnum):
    """What a target limits: the time to the first response, to the next one, to the resolution."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class Threshold:
    """When to warn: after a percentage of the target, or some time before the deadline.

    Both are counted in the target's own hours. Exactly one of the two is set.
    """

    label: str
    percent: int | None = None
    seconds_before: int | None = None

    def needed(self, target_seconds: int) -> int:
        """Return the microseconds of counted time after which the warning is due."""
        if self.percent is not None:
            return target_seconds * self.percent * 10_000
        return max(0, target_seconds - (self.seconds_before or 0)) * 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy promises for one metric; ``priority`` None covers every priority."""

    metric: Metric
    seconds: int
    priority: str | None = None
    calendar_id: str | None = None
    warn_at: tuple[Threshold, ...] = ()
    pause_on: frozenset[str] = frozenset()
    human_only: bool = True
    private_notes: bool = False
    reopen: OnReopen = "continue"


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a policy, made at ``since``. Versions never change."""

    policy_id: UUID
    version: int
    since: datetime
    name: str
    position: int
    conditions: Conditions
    targets: tuple[Target, ...]
    agent_initiated: AgentInitiated = "from_first_customer_message"

    def target(self, metric: Metric, priority: str | None) -> Target | None:
        """Return the target for a metric: the one for the priority, or else the one for any."""
        fallback: Target | None = None
        for target in self.targets:
            if target.metric is metric and target.priority == priority:
                return target
            if target.metric is metric and target.priority is None:
                fallback = target
        return fallback


AROUND_THE_CLOCK = AroundTheClock()


@dataclass(frozen=True)
class Ruleset:
    """All policies and calendars of a tenant as of one revision; a revision never changes.

    ``calendars`` maps an id to its version and hours.
    """

    revision: int
    policies: Sequence[Policy] = ()
    calendars: Mapping[str, tuple[int, Hours]] = field(default_factory=dict)

    def match(self, attributes: Attributes) -> Policy | None:
        """Return the first policy, by position, whose conditions hold."""
        for policy in sorted(self.policies, key=lambda p: p.position):
            if policy.conditions.hold(attributes):
                return policy
        return None

    def hours_of(self, target: Target) -> Hours:
        """Return the hours in which the target's time counts: its calendar's, or all of them."""
        if target.calendar_id is None:
            return AROUND_THE_CLOCK
        return self.calendars[target.calendar_id][1]

    def calendar_version(self, calendar_id: str | None) -> int | None:
        return None if calendar_id is None else self.calendars[calendar_id][0]
