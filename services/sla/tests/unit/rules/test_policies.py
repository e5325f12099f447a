"""Which policy covers a conversation, and which target and hours it gives."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.sla.tests.calendars import calendar
from sla.rules.domain.conditions import Condition, Conditions
from sla.rules.domain.hours import AroundTheClock
from sla.rules.domain.policy import Metric, Policy, Ruleset, Target, Threshold

FIRST, RESOLUTION = Metric.FIRST_RESPONSE, Metric.RESOLUTION
URGENT = Target(FIRST, 60, priority="urgent")
ANY = Target(FIRST, 600)


def a_policy(name: str, position: int, *targets: Target, **when: str) -> Policy:
    """Return a policy for conversations with these attributes."""
    return Policy(
        policy_id=UUID(int=position),
        version=1,
        since=datetime(2026, 1, 1, tzinfo=UTC),
        name=name,
        position=position,
        conditions=Conditions(tuple(Condition(f, "eq", (v,)) for f, v in when.items())),
        targets=targets,
    )


class TestTargets:
    @pytest.mark.parametrize("targets", [(URGENT, ANY), (ANY, URGENT)])
    def test_the_target_of_the_priority_wins_over_the_general_one(self, targets):
        policy = a_policy("p", 1, *targets)
        assert policy.target(FIRST, "urgent") == URGENT
        assert policy.target(FIRST, "low") == ANY
        assert policy.target(FIRST, None) == ANY

    def test_a_priority_without_a_target_has_no_promise(self):
        policy = a_policy("p", 1, URGENT)
        assert policy.target(FIRST, None) is None
        assert policy.target(FIRST, "low") is None
        assert policy.target(RESOLUTION, "urgent") is None


class TestRulesets:
    def test_the_first_matching_policy_by_position_covers_a_conversation(self):
        chat, everybody = a_policy("chat", 1, ANY, channel="chat"), a_policy("all", 2, ANY)
        ruleset = Ruleset(1, (everybody, chat))
        assert ruleset.match({"channel": "chat"}) == chat
        assert ruleset.match({"channel": "email"}) == everybody

    def test_a_conversation_that_no_policy_matches_is_not_covered(self):
        assert Ruleset(1, (a_policy("chat", 1, ANY, channel="chat"),)).match({}) is None
        assert Ruleset(0).match({"channel": "chat"}) is None

    def test_a_target_counts_in_its_calendars_hours_or_in_all(self):
        office = calendar()
        ruleset = Ruleset(1, (), {"office": (3, office)})
        assert ruleset.hours_of(Target(FIRST, 60, calendar_id="office")) is office
        assert ruleset.hours_of(Target(FIRST, 60)) == AroundTheClock()
        assert ruleset.calendar_version("office") == 3
        assert ruleset.calendar_version(None) is None


class TestThresholds:
    @pytest.mark.parametrize(
        ("threshold", "needed"),
        [
            (Threshold("75%", percent=75), timedelta(seconds=67.5)),
            (Threshold("1%", percent=1), timedelta(seconds=0.9)),
            (Threshold("PT30S", seconds_before=30), timedelta(seconds=60)),
            (Threshold("PT90S", seconds_before=90), timedelta(0)),
            (Threshold("PT2M", seconds_before=120), timedelta(0)),
        ],
        ids=lambda value: getattr(value, "label", None),
    )
    def test_a_warning_is_due_at_its_share_of_the_target(self, threshold, needed):
        assert threshold.needed(90) == needed // timedelta(microseconds=1)
