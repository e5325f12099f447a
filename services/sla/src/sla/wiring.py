"""Puts the service together from its parts."""

from pathlib import Path

from common.service import Foundation, Service, assemble
from common.web.auth import register_scopes
from sla.alerts.usecases.record_alerts import record_alerts
from sla.alerts.wiring import build_alerts
from sla.clocks.wiring import build_clocks
from sla.customers.wiring import build_customers
from sla.privacy.usecases.begin_erasures import begin_erasures
from sla.privacy.wiring import build_privacy
from sla.rules.wiring import build_rules
from sla.settings import SlaSettings

NAME = "sla"
SCOPES = frozenset({"sla:admin", "sla:read"})
"""What the routes of this service require."""
OTHER_SCOPES = frozenset(
    {"context:read", "identity:admin", "identity:write", "interactions:write", "privacy:admin"}
)
"""What the other services require: one key may be for all of them."""
register_scopes(SCOPES | OTHER_SCOPES)
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: SlaSettings) -> Service:
    """Return the service, not connected to anything yet."""
    foundation = Foundation.lay(NAME, settings)
    parts = [
        build_rules(),
        build_clocks(foundation, settings, log=record_alerts),
        build_alerts(foundation, settings),
        build_customers(foundation, begin_erasures=begin_erasures),
        build_privacy(foundation),
    ]
    return assemble(foundation, parts, title="Threadline sla", migrations=MIGRATIONS)
