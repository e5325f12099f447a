"""The live stream of alerts."""

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.web import Caller, HttpError, LastEventIdDep, examples, requires
from common.web.responses import StreamEvent
from sla.alerts.feed import alert_event, stream_key
from sla.alerts.http.examples import STREAM
from sla.alerts.http.filters import ALERTS, AlertType, Allowed, AllowedDep, wants
from sla.alerts.http.state import AlertsState, AlertsStateDep
from sla.alerts.store import alerts
from sla.alerts.store.alerts import Span

router = APIRouter(prefix="/v1/sla/stream", tags=[ALERTS])

STREAM_COST = 10
"""Opening a stream counts as so many requests: it may replay a thousand alerts."""
_EVENT = {
    "type": "object",
    "properties": {
        "id": {
            "type": "string",
            "description": "The event's id, as ``Last-Event-ID`` takes it.",
        },
        "event": {
            "type": "string",
            "enum": [*AlertType, "reset"],
            "description": "The event's type. ``reset``: too many were missed, read the clocks.",
        },
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "JSON with the fields of ``Alert`` except ``alert_id`` and ``type``,"
            " which ``id`` and ``event`` are; ``{}`` for ``reset``.",
        },
    },
    "required": ["id", "event", "data"],
}
_STREAM = {
    "description": "The stream as text, or each of its events: tools read this in either way.",
    "anyOf": [{"type": "string"}, _EVENT],
}
_POSITION = re.compile("[0-9]{1,18}")
"""A bigint in ASCII digits; ``\\d`` would also accept Unicode digits that int() rejects."""
_MAX_PAGES = 10
"""How many pages of the log a replay reads before the client must read the clocks instead."""


@router.get(
    "",
    response_class=Response,
    summary="Stream alerts as server-sent events",
    responses={200: {"content": {"text/event-stream": {"schema": _STREAM}}}},
    openapi_extra=examples(*STREAM),
)
async def stream_alerts(
    request: Request,
    caller: Annotated[Caller, requires("sla:read", cost=STREAM_COST)],
    state: AlertsStateDep,
    allowed: AllowedDep,
    last_event_id: LastEventIdDep,
) -> Response:
    """Stream the events of clocks as server-sent events, as they are declared.

    An event is named by its type: ``sla.clock.started``, ``sla.clock.paused``,
    ``sla.clock.resumed``, ``sla.clock.warning``, ``sla.clock.breached``, ``sla.breach.retracted``,
    ``sla.clock.met`` or ``sla.clock.cancelled``. Its data is the ``data`` of the published event,
    with its ``sequence``, ``occurred_at`` and ``severity``. The parameters narrow the stream.

    With ``Last-Event-ID``, the events missed since then come first, narrowed in the same way. A
    client that missed too many gets ``reset`` and must read the clocks again.
    """

    async def replay(last_event_id: str | None) -> Sequence[StreamEvent]:
        return await _missed(state, caller.tenant_id, last_event_id, allowed)

    return await state.streams.respond(
        request,
        keys=[stream_key(caller.tenant_id)],
        replay=replay,
        last_event_id=last_event_id,
        wants=wants(allowed),
    )


async def _missed(
    state: AlertsState, tenant_id: str, last_event_id: str | None, allowed: Allowed
) -> Sequence[StreamEvent]:
    if last_event_id is None:
        return ()
    if not _POSITION.fullmatch(last_event_id):
        raise HttpError(400, "unknown Last-Event-ID")
    end = await state.end()
    missed: list[StreamEvent] = []
    after: int | None = int(last_event_id)
    for _ in range(_MAX_PAGES):
        if after is None or len(missed) > state.replay_limit:
            break
        page = await state.database.read(
            alerts.list_page,
            tenant_id,
            Span(after, end),
            allowed=allowed,
            limit=state.replay_limit + 1 - len(missed),
        )
        missed += [alert_event(alert) for alert in page.alerts]
        after = page.last
    if after is not None:
        return [StreamEvent(str(end - 1), "reset", {})]
    return missed
