"""Which alerts a caller wants to see: by type, and by what lists of clocks can be narrowed by."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query

from common.web import tag
from common.web.requests import SplitAtCommas, one_of
from common.web.responses import StreamEvent
from sla.clocks.http.filters import WantedDep

ALERTS = tag("alerts", "Warnings, breaches and all else that happens to clocks.")

Allowed = Mapping[str, Sequence[str]]
"""The allowed values by field; other fields may have any value."""


class AlertType(StrEnum):
    """The types of event that the log and the stream show."""

    STARTED = "sla.clock.started"
    PAUSED = "sla.clock.paused"
    RESUMED = "sla.clock.resumed"
    WARNING = "sla.clock.warning"
    BREACHED = "sla.clock.breached"
    RETRACTED = "sla.breach.retracted"
    MET = "sla.clock.met"
    CANCELLED = "sla.clock.cancelled"


TypeName = Annotated[AlertType, one_of(AlertType)]
Types = Annotated[
    list[TypeName] | None,
    SplitAtCommas,
    Query(
        alias="type",
        max_length=len(AlertType),
        description="Only events of these types, such as `sla.clock.breached`. Every type if "
        "absent. Several values are separated by commas, or the parameter is repeated.",
    ),
]


async def read_allowed(wanted: WantedDep, types: Types = None) -> Allowed:
    """Dependency: the allowed values of the fields that the query narrows."""
    values = wanted.values()
    return values if types is None else values | {"type": [str(value) for value in types]}


AllowedDep = Annotated[Allowed, Depends(read_allowed)]


def wants(allowed: Allowed) -> Callable[[StreamEvent], bool] | None:
    """Return whether the caller wants a live event; None for a caller that wants all."""
    if not allowed:
        return None

    def matches(event: StreamEvent) -> bool:
        values = {**event.data, "type": event.event}
        return all(values.get(name) in accepted for name, accepted in allowed.items())

    return matches
