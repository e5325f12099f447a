"""Builds the part that finds customers who are one person though no identifier says so."""

from common.runtime import drain
from common.service import Foundation, Part
from identity.customers.domain.customers import CustomerLimits
from identity.events.published import CANDIDATES_TOPIC
from identity.matching.http import candidates
from identity.matching.http.state import MatchingState
from identity.matching.timers.match_changed import MatchChanged

PAUSE_SECONDS = 1.0


def build_matching(foundation: Foundation, limits: CustomerLimits) -> Part:
    """Return the part, whose job runs beside the relay."""
    work = MatchChanged(foundation.database, limits, clock=foundation.clock)
    return Part(
        routers=[candidates.router],
        state=MatchingState(limits=limits),
        components=[drain("maintenance:match_changed", work, pause_seconds=PAUSE_SECONDS)],
        topics=[CANDIDATES_TOPIC],
    )
