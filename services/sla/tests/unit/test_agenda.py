"""How long a deadline waits for its source."""

from datetime import UTC, datetime

from sla.clocks.store.clocks import Agenda, Partition
from sla.clocks.timers.agenda import Patience, StalledSources

PATIENCE = Patience(hold=30.0, longest_hold=300.0)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
STANDING = Agenda(NOW, (Partition(0, NOW, None, None),))


def looking(stalled: StalledSources, *times: float) -> float:
    """Look at a watermark that stands still at these seconds; return the last hold."""
    return [stalled.holds(STANDING, at=at)[0] for at in times][-1]


def test_a_watermark_that_was_seen_to_stand_still_is_waited_for_no_longer():
    stalled = StalledSources(PATIENCE)
    assert looking(stalled, 100, 110, 120, 129) == PATIENCE.longest_hold
    assert looking(stalled, 130) == PATIENCE.hold


def test_what_stood_still_while_nobody_could_look_is_not_held_against_the_source():
    stalled = StalledSources(PATIENCE)
    assert looking(stalled, 100, 160) == PATIENCE.longest_hold
    assert looking(stalled, 170, 180, 189) == PATIENCE.longest_hold
    assert looking(stalled, 190) == PATIENCE.hold


def test_a_watermark_that_moves_is_not_standing_still():
    stalled = StalledSources(PATIENCE)
    looking(stalled, 100, 110, 120)
    moved = Agenda(NOW, (Partition(0, NOW.replace(second=1), None, None),))
    assert stalled.holds(moved, at=130)[0] == PATIENCE.longest_hold
