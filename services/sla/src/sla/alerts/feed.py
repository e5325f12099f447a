"""Carries new alerts, whichever process wrote them, to the live streams of this one."""

from common.db import Database, Horizon
from common.jsons import loads
from common.web.responses import StreamEvent, Streams
from sla.alerts.store import alerts
from sla.alerts.store.alerts import Alert

BATCH = 500


class AlertFeed:
    """One round publishes what has appeared since the last, and returns how much it was.

    It follows the log up to the position behind which nothing can appear any more.
    """

    def __init__(self, database: Database, horizon: Horizon, streams: Streams) -> None:
        self._database = database
        self._horizon = horizon
        self._streams = streams
        self._position: int | None = None

    async def __call__(self) -> int:
        if await self._database.read(alerts.last_position) == self._position:
            return 0
        until = await self._horizon.safe_sequence()
        if self._position is None:
            self._position = until
            return 0
        if self._position >= until:
            return 0
        fresh = await self._database.read(
            alerts.new, after=self._position, until=until, limit=BATCH
        )
        for alert in fresh:
            self._streams.publish(stream_key(alert.tenant_id), alert_event(alert))
        self._position = fresh[-1].position if len(fresh) == BATCH else until
        return len(fresh)


def stream_key(tenant_id: str) -> tuple[str, str]:
    """Return the key under which a tenant's alerts are published to live streams."""
    return tenant_id, "alerts"


def alert_event(alert: Alert) -> StreamEvent:
    """Return an alert as a server-sent event; its id is the place to go on from."""
    return StreamEvent(id=str(alert.position), event=alert.type, data=loads(alert.body))
