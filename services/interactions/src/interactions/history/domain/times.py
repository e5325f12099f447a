"""Which time to believe: the provider's, unless it is missing or impossible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from interactions.history.domain.interaction import Draft

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TOLERATED_FUTURE = timedelta(minutes=5)

GIVEN = "given"
RECEIVED = "received"
IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened and was received; ``claim`` is a time that was not believed."""

    occurred_at: datetime
    received_at: datetime
    source: str
    claim: str | None = None


def judge_times(drafts: Sequence[Draft]) -> list[Moment]:
    """Return when each of ``drafts`` happened, as far as it can be believed."""
    return [judge_time(draft.occurred_at, received_at=draft.received_at) for draft in drafts]


def judge_time(claimed: datetime | None, *, received_at: datetime) -> Moment:
    """Return the time to work with; both times are aware.

    A claim before 2000 or more than five minutes after it was received is kept but not used.
    """
    if claimed is None:
        return Moment(received_at, received_at, RECEIVED)
    if claimed < EARLIEST or claimed > received_at + TOLERATED_FUTURE:
        return Moment(received_at, received_at, IMPLAUSIBLE, claimed.isoformat())
    return Moment(claimed, received_at, GIVEN)
