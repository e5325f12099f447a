"""Assembles the service from its parts."""

from pathlib import Path

from common.service import Foundation, Service, assemble
from identity.customers.domain.customers import CustomerLimits
from identity.customers.wiring import build_customers
from identity.merging.wiring import build_merging
from identity.resolution.wiring import build_resolution
from identity.settings import IdentitySettings

NAME = "identity"
# Every statement has its index. Connections keep their plans: one made while a table is small would
# still scan it after it has grown a thousandfold a minute later.
PLANNER = {"enable_seqscan": "off"}
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: IdentitySettings) -> Service:
    """Return the service, not yet connected to anything."""
    foundation = Foundation.lay(NAME, settings, session=PLANNER)
    rules = settings.rules
    limits = CustomerLimits(
        max_identifiers=rules.max_identifiers, max_attributes=rules.max_attributes
    )
    parts = [
        build_resolution(limits, default_region=rules.default_region),
        build_customers(),
        build_merging(limits),
    ]
    return assemble(foundation, parts, title="Threadline identity", migrations=MIGRATIONS)
