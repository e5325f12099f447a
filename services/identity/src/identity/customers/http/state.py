"""What the routers of customers need from the wiring."""

from dataclasses import dataclass
from typing import Annotated

from common.web import part_state


@dataclass(frozen=True, kw_only=True)
class CustomersState:
    """``default_region`` applies to telephone numbers of searches that name no region."""

    default_region: str | None


CustomersStateDep = Annotated[CustomersState, part_state(CustomersState)]
