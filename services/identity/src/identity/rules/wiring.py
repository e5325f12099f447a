"""Builds the part in which tenants save, simulate and apply rules."""

from common.runtime import drain
from common.service import Foundation, Part
from identity.customers.domain.customers import CustomerLimits
from identity.rules.http import rules, runs
from identity.rules.http.state import RulesState
from identity.rules.timers.runs import AdvanceStored, PurgeFinished

PAUSE_SECONDS = 1.0
PURGE_PAUSE_SECONDS = 600.0


def build_rules(foundation: Foundation, limits: CustomerLimits) -> Part:
    """Return the part that keeps rules, and the work of their runs, beside the relay."""
    database, clock = foundation.database, foundation.clock
    advance = AdvanceStored(database, limits, clock=clock)
    purge = PurgeFinished(database, clock=clock)
    return Part(
        routers=[rules.router, runs.router],
        state=RulesState(service=limits),
        components=[
            drain("maintenance:advance_rules", advance, pause_seconds=PAUSE_SECONDS),
            drain("maintenance:purge_rules", purge, pause_seconds=PURGE_PAUSE_SECONDS),
        ],
    )
