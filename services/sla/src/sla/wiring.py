"""Puts the service together from its parts."""

from pathlib import Path

from common.service import Foundation, Service, assemble
from sla.alerts.wiring import build_alerts
from sla.clocks.wiring import build_clocks
from sla.rules.wiring import build_rules
from sla.settings import SlaSettings

NAME = "sla"
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: SlaSettings) -> Service:
    """Return the service, not connected to anything yet."""
    foundation = Foundation.lay(NAME, settings)
    parts = [
        build_rules(),
        build_clocks(foundation, settings),
        build_alerts(foundation, settings),
    ]
    return assemble(foundation, parts, title="Threadline sla", migrations=MIGRATIONS)
