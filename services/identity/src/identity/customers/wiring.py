"""Builds the part that shows and finds customers."""

from common.runtime import drain
from common.service import Foundation, Part
from identity.customers.http import attributes, customers, search
from identity.customers.http.state import CustomersState
from identity.customers.timers.index_stored import IndexStored

PAUSE_SECONDS = 60.0
SIMILAR_NAMES = {"pg_trgm.word_similarity_threshold": "0.5"}
"""The session setting with which a search takes ``lindkvist`` for ``lindqvist``."""


def build_customers(foundation: Foundation, *, default_region: str | None) -> Part:
    """Return the part that shows customers; beside the relay it indexes those of before."""
    index = IndexStored(foundation.database, clock=foundation.clock)
    return Part(
        routers=[customers.router, search.router, attributes.router],
        state=CustomersState(default_region=default_region),
        components=[drain("maintenance:index_customers", index, pause_seconds=PAUSE_SECONDS)],
    )
