"""How much a run measures: ``tiny`` only shows that it works, ``small`` takes minutes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    seconds: float
    """Measured time of each load; the warm-up comes before it."""
    warm_up_seconds: float
    customers: int
    history: int
    """Interactions of the customer with a long history."""
    identifiers: int
    records: int
    """Records of ``interactions.inbound``."""
    strangers: int
    """Records of ``interactions.inbound`` from first contacts."""
    arrivals: int
    """Interactions of each kind that are watched until the context shows them."""
    clocks: int
    due_seconds: int
    """For how long deadlines are watched."""
    due_at_once: tuple[int, ...]
    idle_seconds: float
    thread: int
    """Messages of the conversation without end."""
    merged: int
    """Interactions of each of two customers that are merged."""
    tenant: tuple[int, ...]
    """Customers of one tenant, as its table grows."""


SIZES = {
    "tiny": Size(
        0.3, 0.1, 50, 200, 1_000, 400, 40, 4, 500, 1, (20,), 0.5, thread=300, merged=500,
        tenant=(200, 1_000),
    ),
    "small": Size(
        3, 1, 2_000, 10_000, 1_000_000, 20_000, 2_000, 150, 10_000, 15, (1_000, 10_000), 5,
        thread=20_000, merged=100_000, tenant=(10_000, 100_000, 1_000_000),
    ),
    "full": Size(
        8, 2, 10_000, 10_000, 1_000_000, 60_000, 6_000, 500, 100_000, 60, (1_000, 10_000), 15,
        thread=200_000, merged=100_000, tenant=(10_000, 100_000, 1_000_000),
    ),
}  # fmt: skip
