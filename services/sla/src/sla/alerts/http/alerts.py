"""The log of alerts: what the live stream has told."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from common.jsons import loads
from common.web import Caller, CursorParameter, CursorsDep, PageLimit, examples, requires
from common.web.requests import JsonTime, ResponseModel
from common.web.responses import json_answer
from sla.alerts.http.examples import LIST_ALERTS
from sla.alerts.http.filters import ALERTS, AllowedDep, TypeName
from sla.alerts.http.state import AlertsStateDep
from sla.alerts.store import alerts
from sla.alerts.store.alerts import Alert, Span
from sla.alerts.usecases.record_alerts import severity_of
from sla.clocks.events.clock_fields import (
    ClockFields,
    Confirmed,
    Reason,
    RoutingFields,
    Sentence,
)
from sla.clocks.http.filters import SeverityName, as_bound

router = APIRouter(prefix="/v1/sla/alerts", tags=[ALERTS])


class AlertResponse(RoutingFields, ClockFields, ResponseModel, title="Alert"):
    """One event of a clock, with the whole clock after it."""

    alert_id: str = Field(
        description="Id of the event on the live stream, as `Last-Event-ID` takes it."
    )
    type: TypeName = Field(description="Type of the event, such as `sla.clock.breached`.")
    severity: SeverityName = Field(
        description="`breach` (a breach, or its retraction), `warning` or `info` (all others)."
    )
    occurred_at: JsonTime = Field(
        description="When it happened, in UTC: of a breach, the deadline; of a warning, when the "
        "threshold was reached."
    )
    sequence: int = Field(description="Number of the event among the clock's events, from 1.")
    threshold: str | None = Field(
        default=None,
        description="The warning as the target's `warn_at` has it, such as `75%` or `PT10M`; null "
        "unless it is a warning.",
    )
    warn_at: JsonTime | None = Field(
        default=None,
        description="When the threshold was reached, in UTC; null unless it is a warning.",
    )
    confirmed: Confirmed
    reason: Reason
    summary: Sentence = None


class AlertList(ResponseModel):
    """A page of alerts."""

    items: list[AlertResponse] = Field(description="Alerts, the newest first.")
    next: str | None = Field(
        description="The `cursor` that reads the next page; null on the last page. A page may have "
        "few items, or none, although a next one follows, when the parameters exclude many."
    )


@router.get(
    "",
    response_model=AlertList,
    summary="List alerts",
    openapi_extra=examples(*LIST_ALERTS),
)
async def list_alerts(
    caller: Annotated[Caller, requires("sla:read")],
    cursors: CursorsDep,
    state: AlertsStateDep,
    allowed: AllowedDep,
    *,
    limit: PageLimit,
    cursor: CursorParameter = None,
) -> Response:
    """List what the live stream has told, the newest first, for as long as it is kept.

    By default that is seven days. Events of test conversations are left out.
    """
    bound = as_bound(allowed)
    position = cursors.read(cursor, bound)
    before = await state.end() if position is None else int(str(position[0]))
    page = await state.database.read(
        alerts.list_page,
        caller.tenant_id,
        Span(0, before, newest_first=True),
        allowed=allowed,
        limit=limit,
    )
    following = cursors.write(None if page.last is None else (page.last,), bound)
    items = [AlertResponse.model_validate(_body(alert)) for alert in page.alerts]
    return json_answer(AlertList(items=items, next=following))


def _body(alert: Alert) -> dict[str, object]:
    return {
        "severity": severity_of(alert.type),
        **loads(alert.body),
        "alert_id": str(alert.position),
        "type": alert.type,
    }
