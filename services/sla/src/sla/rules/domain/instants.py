"""Instants as whole microseconds, so that business time is counted exactly."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
DAY = 86_400 * SECOND


def micros(time: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    delta = time - EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def time_of(instant: int) -> datetime:
    """Return the aware UTC datetime of an instant given in microseconds."""
    return EPOCH + timedelta(microseconds=instant)


def optional_time_of(instant: int | None) -> datetime | None:
    return None if instant is None else time_of(instant)
