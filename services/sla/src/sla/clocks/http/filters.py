"""The query parameters by which lists of clocks and alerts, and the live stream, are narrowed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from common.web.requests import Name, Slug, SplitAtCommas, one_of
from sla.clocks.domain.clocks import Severity
from sla.clocks.events.clock_fields import MetricName

_MAX_VALUES = 50
_SEVERAL = "Several values are separated by commas, or the parameter is repeated."
_REPEATED = "For several values, repeat the parameter."

SeverityName = Annotated[Severity, one_of(Severity)]
Metrics = Annotated[
    list[MetricName] | None,
    SplitAtCommas,
    Query(
        max_length=_MAX_VALUES,
        description="Only these metrics: `first_response`, `next_response` or `resolution`. Every "
        f"metric if absent. {_SEVERAL}",
    ),
]
Policies = Annotated[
    list[UUID] | None,
    SplitAtCommas,
    Query(
        max_length=_MAX_VALUES,
        description="Only clocks of these policies, by id, in any of their versions. Every policy "
        f"if absent. {_SEVERAL}",
    ),
]
Channels = Annotated[
    list[Slug] | None,
    SplitAtCommas,
    Query(
        max_length=_MAX_VALUES,
        description=f"Only conversations on these channels. Every channel if absent. {_SEVERAL}",
    ),
]
Teams = Annotated[
    list[Name] | None,
    Query(
        max_length=_MAX_VALUES,
        description="Only conversations that are assigned to these teams. Every team, or none, if "
        f"absent. {_REPEATED}",
    ),
]
Assignees = Annotated[
    list[Name] | None,
    Query(
        max_length=_MAX_VALUES,
        description="Only conversations that are assigned to these persons or bots. Everybody, or "
        f"nobody, if absent. {_REPEATED}",
    ),
]
Severities = Annotated[
    list[SeverityName] | None,
    SplitAtCommas,
    Query(
        max_length=_MAX_VALUES,
        description="Only this severity: `breach` (breached, or a breach retracted), `warning` (a "
        "warning was sent and the clock is open) or `info` (all others). Every severity if absent. "
        f"{_SEVERAL}",
    ),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Allowed values by field; None allows every value."""

    metric: Sequence[str] | None = None
    policy_id: Sequence[UUID] | None = None
    channel: Sequence[str] | None = None
    team: Sequence[str] | None = None
    assignee: Sequence[str] | None = None
    severity: Sequence[str] | None = None

    def values(self) -> dict[str, list[str]]:
        """Return the allowed values of the fields that are narrowed, as text."""
        chosen = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: [str(v) for v in values] for name, values in chosen if values is not None}


async def read_wanted(
    *,
    metric: Metrics = None,
    policy_id: Policies = None,
    channel: Channels = None,
    team: Teams = None,
    assignee: Assignees = None,
    severity: Severities = None,
) -> Wanted:
    """Dependency: what the caller wants to see."""
    return Wanted(metric, policy_id, channel, team, assignee, severity)


WantedDep = Annotated[Wanted, Depends(read_wanted)]


def as_bound(filters: Any) -> Any:
    """Return filters as a cursor binds them: in one order, whatever the order of the query."""
    return {name: sorted(map(str, values)) for name, values in filters.items()}
