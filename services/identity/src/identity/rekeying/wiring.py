"""Builds the part that brings stored identifiers to the normaliser's version."""

from common.runtime import drain
from common.service import Foundation, Part
from identity.customers.domain.customers import CustomerLimits
from identity.rekeying.timers.rekey_stored import RekeyStored

PAUSE_SECONDS = 60.0
"""A process of the version before may still write older keys, so it looks again."""


def build_rekeying(foundation: Foundation, limits: CustomerLimits) -> Part:
    """Return the part that keeps house only, beside the relay."""
    work = RekeyStored(foundation.database, limits, clock=foundation.clock)
    return Part(components=[drain("maintenance:rekey_stored", work, pause_seconds=PAUSE_SECONDS)])
