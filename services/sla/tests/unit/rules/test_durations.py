"""Durations of targets: what is read, and why the rest is rejected."""

import pytest

from sla.rules.domain.durations import MAX_SECONDS, check_seconds, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1S", 1),
        ("PT90M", 5_400),
        ("PT4H30M", 16_200),
        ("PT1H0M1S", 3_601),
        ("PT8784H", MAX_SECONDS),
    ],
)
def test_hours_minutes_and_seconds_add_up(text: str, seconds: int):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["P1D", "P2W", "P1Y", "P1M", "P1DT2H"])
def test_days_and_more_are_rejected_as_ambiguous(text: str):
    with pytest.raises(ValueError, match="ambiguous in business time"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "PT", "P", "4H", "pt4h", "PT4", "PT1.5H", "PT-1H", "PT30M4H", "PT4H "]
)
def test_other_texts_are_rejected(text: str):
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_duration(text)


def test_a_target_is_from_a_second_to_a_year():
    assert check_seconds(1) == 1
    assert check_seconds(MAX_SECONDS) == MAX_SECONDS
    for text in ("PT0S", "PT0H0M"):
        with pytest.raises(ValueError, match="longer than zero"):
            parse_duration(text)
    for too_long in ("PT8784H1S", "PT99999H"):
        with pytest.raises(ValueError, match=f"at most {MAX_SECONDS}"):
            parse_duration(too_long)
