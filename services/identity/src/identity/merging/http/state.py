"""What the routers of merging need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state
from identity.customers.domain.customers import CustomerLimits


@dataclass(frozen=True, kw_only=True)
class MergingState:
    limits: CustomerLimits
    default_region: str | None
    """ISO 3166 region of telephone numbers without a country code."""


MergingStateDep = Annotated[MergingState, part_state(MergingState)]
