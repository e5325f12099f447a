"""Makes an idle consumer wait long at the broker, and a busy one only briefly (docs/adr/0031).

The client has one fetch under way at a time, over the partitions whose records were all taken.
Records that arrive in another partition wait for that fetch to end, so a fetch that leaves a
partition out must be short. A fetch over all partitions may be long, since any record ends it; this
halves the processor time of an idle consumer.
"""

from typing import Any

from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher
from typing_extensions import override

BUSY_MS = 25
IDLE_MS = 250


def wait_long_when_idle() -> None:
    """Make every consumer of this process fetch through ``PatientFetcher``."""
    consumer.Fetcher = PatientFetcher


class PatientFetcher(Fetcher):  # type: ignore[misc]  # the base has no types
    @override
    def _get_actions_per_node(self, assignment: Any) -> Any:
        self._fetch_max_wait_ms = BUSY_MS if self._records else IDLE_MS
        return super()._get_actions_per_node(assignment)
