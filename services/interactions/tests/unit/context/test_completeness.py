"""How complete a part is said to be."""

from interactions.context.domain.completeness import SourceProgress, status_of_source


def test_a_fresh_source_is_complete():
    status = status_of_source(SourceProgress("sla", "t", 1.0), stale_after_seconds=10)
    assert (status.complete, status.reason, status.as_of) == (True, None, "t")


def test_the_reason_of_a_stale_source_is_how_far_behind_it_is():
    status = status_of_source(SourceProgress("sla", "t", 42.7), stale_after_seconds=10)
    assert (status.complete, status.reason) == (False, "sla events are 42 s behind")


def test_a_source_without_events_is_not_complete():
    status = status_of_source(SourceProgress("sla", None, None), stale_after_seconds=10)
    assert (status.complete, status.reason) == (False, "no sla events have arrived yet")
