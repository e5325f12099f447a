"""What this service's routers need from the wiring."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from common.http.deps import state_of
from common.http.group_commit import GroupCommit
from interactions.channels.adapter import Adapter
from interactions.http.context_state import ContextState
from interactions.sealing import Sealer
from interactions.usecases.record_interactions import Recorded, Resolved
from interactions.usecases.resolve_contacts import Patience, Resolver


@dataclass(kw_only=True)
class InteractionsState(ContextState):
    """``deliveries_stored`` wakes whoever processes provider deliveries in this process.

    ``recording`` commits single interactions that come at the same time together.
    """

    resolver: Resolver
    recording: GroupCommit[Resolved, Recorded]
    patience: Patience
    thread_window: timedelta
    adapters: dict[str, Adapter]
    sealer: Sealer
    public_base_url: str | None = None
    deliveries_stored: Callable[[], None] = lambda: None


async def interactions_state(request: Request) -> InteractionsState:
    """Return the state of the application that ``request`` came to."""
    return state_of(request, InteractionsState)
