"""The live stream of alerts."""

from __future__ import annotations

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

_PLACE = re.compile("[0-9]{1,18}")
"""A bigint; there are more digits in Unicode than can be read as a number."""


@router.get(
    "",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_alerts(
    request: Request,
    caller: Annotated[Caller, requires("sla:read")],
    state: AlertsStateDep,
) -> Response:
    """Stream warnings, breaches and retractions as server-sent events.

    With ``Last-Event-ID`` what was missed comes first; a client that missed too much gets
    ``reset`` and has to read the clocks again.
    """

    async def replay(last_event_id: str | None) -> Sequence[StreamEvent]:
        return await _missed(state, caller.tenant_id, last_event_id)

    return await state.streams.respond(request, keys=[stream_key(caller.tenant_id)], replay=replay)


async def _missed(
    state: AlertsState, tenant_id: str, last_event_id: str | None
) -> Sequence[StreamEvent]:
    if last_event_id is None:
        return ()
    if not _PLACE.fullmatch(last_event_id):
        raise HttpError(400, "Last-Event-ID is none of ours")
    until = await state.horizon.safe_sequence()
    found = await state.database.read(
        alerts.of_tenant,
        tenant_id,
        after=int(last_event_id),
        until=until,
        limit=state.replay_limit + 1,
    )
    if len(found) > state.replay_limit:
        return [StreamEvent(str(until), "reset", {})]
    return [alert_event(alert) for alert in found]
