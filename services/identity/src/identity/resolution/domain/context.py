"""What resolving needs besides the requests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.customers.domain.customers import CustomerLimits


@dataclass(frozen=True, slots=True)
class Context:
    """Limits, the time and new ids."""

    limits: CustomerLimits
    now: datetime
    new_id: Callable[[], UUID]
