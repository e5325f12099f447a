"""Where a partition stands, and how long it waits after a failure."""

import time

from common.messaging.inbox.partition import BACKOFF, LOT_SECONDS, Partition


def test_the_back_off_of_an_outage_of_days_is_still_bounded():
    assert 15 <= BACKOFF.seconds(100_000) <= 30


def test_a_failure_loses_the_position_until_the_wait_is_over(monkeypatch):
    partition = Partition(0, position=7)
    assert not partition.unconfirmed
    partition.back_off()
    assert (partition.position, partition.unconfirmed) == (None, False)
    assert not partition.end_wait()
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert partition.end_wait()
    assert partition.unconfirmed


def test_a_batch_that_ends_after_its_position_was_lost_moves_nothing():
    partition = Partition(0, position=7, failures=3)
    partition.advance(8)
    assert (partition.position, partition.failures) == (8, 0)
    partition.position = None
    partition.advance(9)
    assert partition.position is None


def test_lots_grow_while_batches_are_quick_and_shrink_when_they_are_slow():
    partition = Partition(0, most=150)
    sizes = []
    for seconds in (LOT_SECONDS / 100, LOT_SECONDS / 100, LOT_SECONDS, 4 * LOT_SECONDS, 60):
        partition.size_lot(partition.lot, seconds)
        sizes.append(partition.lot)
    assert sizes == [100, 150, 150, 50, 50]


def test_a_batch_that_is_not_full_leaves_the_lot_as_it_is():
    partition = Partition(0, lot=200)
    partition.size_lot(199, 10.0)
    assert partition.lot == 200
