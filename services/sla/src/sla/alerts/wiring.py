"""Builds the alerts: their log, and the live stream that follows it."""

from common.db import Horizon
from common.runtime import drain
from common.service import Foundation, Part, Retention
from sla.alerts.feed import AlertFeed
from sla.alerts.http import alerts as alert_log
from sla.alerts.http import stream
from sla.alerts.http.state import AlertsState
from sla.alerts.store import alerts
from sla.settings import SlaSettings


def build_alerts(foundation: Foundation, settings: SlaSettings) -> Part:
    """Return the part that shows what clocks do, as it is declared."""
    database, streams = foundation.database, foundation.app.streams
    feed = drain(
        "feed:alerts",
        AlertFeed(database, Horizon(database, alerts.SEQUENCE), streams),
        pause_seconds=settings.alerts.poll_seconds,
    )
    database.after_commit(feed.wake)
    return Part(
        routers=[stream.router, alert_log.router],
        state=AlertsState(
            database=database,
            horizon=Horizon(database, alerts.SEQUENCE),
            streams=streams,
            replay_limit=settings.alerts.replay_limit,
        ),
        components=[feed],
        daily_tables=["alert"],
        retention={"alert": Retention(settings.alerts.keep_days)},
    )
