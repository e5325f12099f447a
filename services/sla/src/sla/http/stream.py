"""The live stream of alerts, and the feed behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from common.database import Database
from common.errors import UnavailableError
from common.horizon import Horizon
from common.http.deps import Caller, requires
from common.http.problems import HttpError
from common.http.sse import StreamEvent, Streams
from common.jsons import loads
from common.tasks import spawn
from common.telemetry.logs import describe, get_logger
from sla.http.state import SlaState, SlaStateDep
from sla.store import alerts
from sla.store.alerts import Alert

_log = get_logger(__name__)

router = APIRouter(prefix="/v1/sla/stream", tags=["stream"])

BATCH = 500
_TOPIC = "alerts"
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
    state: SlaStateDep,
) -> Response:
    """Stream warnings, breaches and retractions as server-sent events.

    With ``Last-Event-ID`` what was missed comes first; a client that missed too much gets
    ``reset`` and has to read the clocks again.
    """

    async def replay(last_event_id: str | None) -> Sequence[StreamEvent]:
        return await _missed(state, caller.tenant_id, last_event_id)

    return await state.streams.respond(request, keys=[_key(caller.tenant_id)], replay=replay)


async def _missed(
    state: SlaState, tenant_id: str, last_event_id: str | None
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
    return [_event(alert) for alert in found]


class AlertFeed:
    """Carries new alerts, whichever process wrote them, to the streams of this one.

    It follows the log up to the position behind which nothing can appear any more.
    """

    def __init__(
        self, database: Database, horizon: Horizon, streams: Streams, *, poll_seconds: float
    ) -> None:
        self._database = database
        self._horizon = horizon
        self._streams = streams
        self._poll_seconds = poll_seconds
        self._position: int | None = None
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run while the application serves."""
        task = spawn(self.run(), name="alert-feed", lasting=True)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=2.0)

    async def run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.follow()
            except UnavailableError as error:
                _log.warning("alert_feed.postponed", error=describe(error))
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def follow(self) -> None:
        """Publish what has appeared since the last time."""
        if await self._database.read(alerts.last_position) == self._position:
            return
        until = await self._horizon.safe_sequence()
        if self._position is None:
            self._position = until
        while self._position < until:
            found = await self._database.read(
                alerts.new, after=self._position, until=until, limit=BATCH
            )
            for alert in found:
                self._streams.publish(_key(alert.tenant_id), _event(alert))
            self._position = found[-1].position if len(found) == BATCH else until


def _key(tenant_id: str) -> tuple[str, str]:
    return tenant_id, _TOPIC


def _event(alert: Alert) -> StreamEvent:
    return StreamEvent(id=str(alert.position), event=alert.type, data=loads(alert.body))
