"""What the history's routers get from the wiring."""

from dataclasses import dataclass
from datetime import timedelta

from common.web.writes import GroupCommit
from interactions.history.usecases.record_interactions import Recorded, Resolved
from interactions.history.usecases.resolve_contacts import Deadline, Resolver


@dataclass(frozen=True, kw_only=True)
class HistoryState:
    """``recording`` commits concurrent single interactions in one transaction."""

    resolver: Resolver
    recording: GroupCommit[Resolved, Recorded]
    deadline: Deadline
    thread_window: timedelta
    default_region: str | None = None
