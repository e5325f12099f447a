"""Lets an idle consumer of Kafka wait for long, and a busy one only for a moment.

The client has one fetch under way at a time, over those partitions whose records were all taken.
What comes into another one meanwhile waits for its end: so a fetch that leaves one out may not wait
for long. One over all partitions may, since whatever comes ends it, and an idle consumer needs half
the processor then.
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
