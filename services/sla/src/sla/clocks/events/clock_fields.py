"""The fields of a clock that its events and the API share."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from common.web.requests import JsonTime, one_of
from sla.clocks.domain.clocks import ClockState
from sla.rules.domain.policy import Metric

MetricName = Annotated[Metric, one_of(Metric)]
StateName = Annotated[ClockState, one_of(ClockState)]


class ClockFields(BaseModel):
    """What both show first, in this order."""

    clock_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    metric: MetricName
    cycle: int
    state: StateName
    policy_id: UUID
    policy_version: int
    policy_name: str
    target_seconds: int
    started_at: JsonTime
    due_at: JsonTime | None
    met_at: JsonTime | None
    breached_at: JsonTime | None
    detected_at: JsonTime | None
