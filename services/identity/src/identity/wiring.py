"""Puts the service together from its parts."""

from pathlib import Path

from common.service import Foundation, Service, assemble
from identity.customers.wiring import build_customers
from identity.merging.wiring import build_merging
from identity.resolution.wiring import build_resolution
from identity.settings import IdentitySettings

NAME = "identity"
# Every statement has its index. A plan made while a table was small would be kept by the
# connection, and scan the table when it has grown a thousand times in the next minute.
PLANNER = {"enable_seqscan": "off"}
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def build(settings: IdentitySettings) -> Service:
    """Return the service, connected to nothing yet."""
    foundation = Foundation.lay(NAME, settings, session=PLANNER)
    parts = [build_resolution(settings), build_customers(), build_merging()]
    return assemble(foundation, parts, title="Threadline identity", migrations=MIGRATIONS)
