"""Who is woken by a commit, and how often other processes hear of it."""

from common.db.signals import PAUSE_SECONDS, Signals


def test_each_signal_wakes_those_that_wait_for_it():
    woken: list[str] = []
    signals = Signals()
    signals.wait("outbox", lambda: woken.append("relay"))
    signals.wait("other", lambda: woken.append("other"))
    signals.give(["outbox"])
    assert woken == ["relay"]


def test_other_processes_hear_at_once_and_then_at_most_once_in_a_pause():
    now, woken = [100.0], []
    signals = Signals(monotonic=lambda: now[0])
    signals.wait("outbox", lambda: woken.append(now[0]))
    announced = []
    for second in (100.0, 100.2, 100.0 + PAUSE_SECONDS, 100.1 + PAUSE_SECONDS):
        now[0] = second
        announced += [(second, name) for name in signals.give({"outbox"})]
    assert announced == [(100.0, "outbox"), (100.0 + PAUSE_SECONDS, "outbox")]
    assert len(woken) == 4
    assert signals.give(()) == []
