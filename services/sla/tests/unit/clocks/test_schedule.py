"""How long a deadline waits for its source."""

from datetime import UTC, datetime, timedelta

import pytest

from sla.clocks.store.due_clocks import PartitionSchedule, Schedule
from sla.clocks.timers.schedule import StalledSources, waits_for_source
from sla.settings import TimerSettings

SETTINGS = TimerSettings(hold_seconds=30.0, longest_hold_seconds=300.0)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
STANDING_STILL = Schedule(NOW, (PartitionSchedule(0, NOW, None, None),))


def hold_after_looks(stalled: StalledSources, *times: float) -> float:
    """Look at a watermark that stands still at these seconds; return the last hold."""
    return [stalled.holds(STANDING_STILL, at=at)[0] for at in times][-1]


def test_a_deadline_waits_less_for_a_watermark_that_was_seen_to_stand_still():
    stalled = StalledSources(SETTINGS)
    assert hold_after_looks(stalled, 100, 110, 120, 129) == SETTINGS.longest_hold_seconds
    assert hold_after_looks(stalled, 130) == SETTINGS.hold_seconds


def test_time_in_which_the_timer_could_not_look_does_not_count_as_standing_still():
    stalled = StalledSources(SETTINGS)
    assert hold_after_looks(stalled, 100, 160) == SETTINGS.longest_hold_seconds
    assert hold_after_looks(stalled, 170, 180, 189) == SETTINGS.longest_hold_seconds
    assert hold_after_looks(stalled, 190) == SETTINGS.hold_seconds


def test_a_watermark_that_moves_does_not_stand_still():
    stalled = StalledSources(SETTINGS)
    hold_after_looks(stalled, 100, 110, 120)
    moved = Schedule(NOW, (PartitionSchedule(0, NOW.replace(second=1), None, None),))
    assert stalled.holds(moved, at=130)[0] == SETTINGS.longest_hold_seconds


@pytest.mark.parametrize(
    ("next_fire", "confirm", "waits"),
    [
        (None, None, False),
        (3600, None, False),
        (1.6, None, False),
        (1.4, None, True),
        (-5, None, True),
        (3600, -5, True),
    ],
)
def test_the_source_is_asked_only_while_a_clock_waits_for_it_or_soon_will(
    next_fire, confirm, waits
):
    def at(seconds):
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    idle = PartitionSchedule(0, NOW, None, None)
    schedule = Schedule(NOW, (idle, PartitionSchedule(1, NOW, at(next_fire), at(confirm))))
    assert waits_for_source(schedule, soon_seconds=1.5) is waits
