"""The time of an interaction: the sender's, unless it is missing or impossible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from interactions.history.domain.interaction import Draft

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TOLERATED_FUTURE = timedelta(minutes=5)


class TimeSource(StrEnum):
    """Where the time of an interaction comes from; without a plausible claim it is ours."""

    GIVEN = "given"
    RECEIVED = "received"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class InteractionTime:
    """When an interaction happened and was received; ``claim`` is a time that was rejected."""

    occurred_at: datetime
    received_at: datetime
    source: TimeSource
    claim: str | None = None


def judge_times(drafts: Sequence[Draft]) -> list[InteractionTime]:
    """Return the time of each draft: the sender's if it is plausible, else that of receipt."""
    return [judge_time(draft.occurred_at, received_at=draft.received_at) for draft in drafts]


def judge_time(claimed: datetime | None, *, received_at: datetime) -> InteractionTime:
    """Return the time of an interaction; both arguments are aware.

    A claim before 2000, or over five minutes after receipt, is kept but not used.
    """
    if claimed is None:
        return InteractionTime(received_at, received_at, TimeSource.RECEIVED)
    if claimed < EARLIEST or claimed > received_at + TOLERATED_FUTURE:
        return InteractionTime(
            received_at, received_at, TimeSource.IMPLAUSIBLE, claimed.isoformat()
        )
    return InteractionTime(claimed, received_at, TimeSource.GIVEN)
