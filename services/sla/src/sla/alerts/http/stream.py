"""The live stream of alerts."""

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.web import Caller, HttpError, requires
from common.web.responses import StreamEvent
from sla.alerts.feed import alert_event, stream_key
from sla.alerts.http.state import AlertsState, AlertsStateDep
from sla.alerts.store import alerts

router = APIRouter(prefix="/v1/sla/stream", tags=["stream"])

STREAM_COST = 10
"""Opening a stream counts as so many requests: it may replay a thousand alerts."""
_POSITION = re.compile("[0-9]{1,18}")
"""A bigint in ASCII digits; ``\\d`` would also accept Unicode digits that int() rejects."""


@router.get(
    "",
    response_class=Response,
    summary="Stream alerts as server-sent events",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_alerts(
    request: Request,
    caller: Annotated[Caller, requires("sla:read", cost=STREAM_COST)],
    state: AlertsStateDep,
) -> Response:
    """Stream warnings, breaches and retractions as server-sent events.

    An event is named ``sla.clock.warning``, ``sla.clock.breached`` or ``sla.breach.retracted``.
    Its data is the ``data`` of the published event, with its ``sequence`` and ``occurred_at``.

    With ``Last-Event-ID``, the alerts missed since then come first. A client that missed too many
    gets ``reset`` and must read the clocks again.
    """

    async def replay(last_event_id: str | None) -> Sequence[StreamEvent]:
        return await _missed(state, caller.tenant_id, last_event_id)

    return await state.streams.respond(request, keys=[stream_key(caller.tenant_id)], replay=replay)


async def _missed(
    state: AlertsState, tenant_id: str, last_event_id: str | None
) -> Sequence[StreamEvent]:
    if last_event_id is None:
        return ()
    if not _POSITION.fullmatch(last_event_id):
        raise HttpError(400, "unknown Last-Event-ID")
    until = await state.horizon.safe_sequence()
    missed = await state.database.read(
        alerts.list_of_tenant,
        tenant_id,
        after=int(last_event_id),
        until=until,
        limit=state.replay_limit + 1,
    )
    if len(missed) > state.replay_limit:
        return [StreamEvent(str(until), "reset", {})]
    return [alert_event(alert) for alert in missed]
