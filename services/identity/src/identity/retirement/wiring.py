"""Builds the part that retires customers whom nobody can find."""

from common.runtime import drain
from common.service import Foundation, Part
from identity.retirement.timers.retire_empty import RetireEmpty

PAUSE_SECONDS = 60.0


def build_retirement(foundation: Foundation) -> Part:
    """Return the part that keeps house only, beside the relay."""
    work = RetireEmpty(foundation.database, clock=foundation.clock)
    return Part(components=[drain("maintenance:retire_empty", work, pause_seconds=PAUSE_SECONDS)])
