"""Publishes new alerts, from whichever process, to the live streams of this process."""

from common.db import Database, Horizon
from common.jsons import loads
from common.web.responses import StreamEvent, Streams
from sla.alerts.store import alerts
from sla.alerts.store.alerts import Alert

BATCH = 500


class AlertFeed:
    """Each call publishes the alerts since the last call, and returns how many there were.

    It reads the log only up to the horizon: below it, no alert can appear any more. The first call
    starts at the horizon, because clients replay older alerts themselves.
    """

    def __init__(self, database: Database, horizon: Horizon, streams: Streams) -> None:
        self._database = database
        self._horizon = horizon
        self._streams = streams
        self._position: int | None = None

    async def __call__(self) -> int:
        if await self._database.read(alerts.get_last_position) == self._position:
            return 0
        until = await self._horizon.safe_sequence()
        if self._position is None:
            self._position = until
            return 0
        if self._position >= until:
            return 0
        new_alerts = await self._database.read(
            alerts.list_recent, after=self._position, until=until, limit=BATCH
        )
        for alert in new_alerts:
            self._streams.publish(stream_key(alert.tenant_id), alert_event(alert))
        self._position = new_alerts[-1].position if len(new_alerts) == BATCH else until
        return len(new_alerts)


def stream_key(tenant_id: str) -> tuple[str, str]:
    """Return the key under which a tenant's live streams receive its alerts."""
    return tenant_id, "alerts"


def alert_event(alert: Alert) -> StreamEvent:
    """Return an alert as a server-sent event; its id is the position to resume from."""
    return StreamEvent(id=str(alert.position), event=alert.type, data=loads(alert.body))
