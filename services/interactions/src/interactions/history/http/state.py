"""What the history's routers need from the wiring."""

from dataclasses import dataclass
from datetime import timedelta

from common.web.writes import GroupCommit
from interactions.history.usecases.record_interactions import Recorded, Resolved
from interactions.history.usecases.resolve_contacts import Patience, Resolver


@dataclass(frozen=True, kw_only=True)
class HistoryState:
    """``recording`` commits single interactions that come at the same time together."""

    resolver: Resolver
    recording: GroupCommit[Resolved, Recorded]
    patience: Patience
    thread_window: timedelta
