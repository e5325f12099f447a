"""Durations as callers write them: whole seconds, or ISO 8601 without days."""

import re

from common.errors import ErrorCode, RefusedValueError

MAX_SECONDS = 366 * 86_400

_PATTERN = re.compile(r"PT(?=\d)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?")


def parse_duration(text: str) -> int:
    """Return the seconds of an ISO 8601 time duration such as ``PT4H30M``.

    Raises RefusedValueError when the text is something else, is zero, or counts days, whose length
    is ambiguous in business time.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        if re.match(r"P\d+[YMWD]", text):
            raise RefusedValueError(
                ErrorCode.INVALID_FORMAT,
                "days, weeks, months and years are ambiguous in business time; "
                "use hours, such as PT8H",
            )
        raise RefusedValueError(
            ErrorCode.INVALID_FORMAT, "must be an ISO 8601 time duration such as PT4H or PT1H30M"
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return check_seconds(hours * 3600 + minutes * 60 + seconds)


def check_seconds(seconds: int) -> int:
    """Return ``seconds``. Raises RefusedValueError unless it can be a target: from 1 to a year."""
    if seconds <= 0:
        raise RefusedValueError(ErrorCode.OUT_OF_RANGE, "must be longer than zero")
    if seconds > MAX_SECONDS:
        raise RefusedValueError(ErrorCode.OUT_OF_RANGE, f"must be at most {MAX_SECONDS} seconds")
    return seconds
